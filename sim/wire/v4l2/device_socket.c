/* Device files that another process serves: preloaded, this lets a program open a Unix socket as if it were a device.
 *
 * open() connects, and the device sends two descriptors: a socket that ioctl() asks over, and memory for mmap().
 * select() and poll() work on what open() returns: a byte lies there for each thing that is ready, and the answer to
 * the ioctl() that fetches it says how many to take off.
 *
 * Question: struct question and the argument. Answer: struct answer and, of a request that returns one, the argument.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { MOST_OPEN = 64, PATIENCE_S = 10 };

struct question { uint64_t request; };
struct answer { int32_t result; uint32_t taken; }; /* result: negative for an errno */

static struct device {
    int is_open, file, questions, memory;
    pthread_mutex_t turn; /* one question at a time */
} devices[MOST_OPEN];
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner; /* of the devices. A child has none: it may find locks taken for ever, or share them (vfork). */

static struct device *find(int file)
{
    struct device *found = NULL;
    if (file < 0 || getpid() != owner)
        return NULL;
    pthread_mutex_lock(&table);
    for (struct device *at = devices; at < devices + MOST_OPEN && !found; at++)
        if (at->is_open && at->file == file)
            found = at;
    pthread_mutex_unlock(&table);
    return found;
}

static int keep(int file, int questions, int memory)
{
    int kept = -1;
    pthread_mutex_lock(&table);
    owner = getpid();
    for (struct device *at = devices; at < devices + MOST_OPEN && kept < 0; at++)
        if (!at->is_open) {
            *at = (struct device){1, file, questions, memory, PTHREAD_MUTEX_INITIALIZER};
            kept = 0;
        }
    pthread_mutex_unlock(&table);
    return kept;
}

static int receive_descriptors(int file, int descriptors[2])
{
    char byte, room[CMSG_SPACE(2 * sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(file, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return -1;
    memcpy(descriptors, CMSG_DATA(head), 2 * sizeof(int));
    return 0;
}

/* -1 with errno if nothing serves the socket: ENXIO is what opening a socket says anyway. */
static int open_device(const char *path, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {PATIENCE_S, 0};
    int descriptors[2];
    int file = socket(AF_UNIX, SOCK_STREAM | (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0), 0);
    if (file < 0)
        return -1;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(file, (struct sockaddr *)&address, sizeof address) || receive_descriptors(file, descriptors))
        goto nobody;
    if (keep(file, descriptors[0], descriptors[1])) {
        REAL(close)(descriptors[0]);
        REAL(close)(descriptors[1]);
        goto nobody;
    }
    if (flags & O_NONBLOCK)
        fcntl(file, F_SETFL, O_NONBLOCK);
    return file;
nobody:
    REAL(close)(file);
    errno = ENXIO;
    return -1;
}

static int is_socket(const char *path)
{
    struct stat status;
    int before = errno, found = path && !stat(path, &status) && S_ISSOCK(status.st_mode);
    errno = before;
    return found;
}

static int all(ssize_t (*move)(int, void *, size_t, int), int file, void *data, size_t length)
{
    for (char *at = data; length > 0;) {
        ssize_t moved = move(file, at, length, MSG_NOSIGNAL);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return -1;
        at += moved;
        length -= moved;
    }
    return 0;
}

static ssize_t put(int file, void *data, size_t length, int flags) { return send(file, data, length, flags); }
static ssize_t get(int file, void *data, size_t length, int flags) { return recv(file, data, length, flags); }

/* The answer's result; -ENODEV once the device is gone. */
static int ask(struct device *device, unsigned long request, void *argument)
{
    struct question question = {(uint32_t)request};
    struct answer answer = {-ENODEV, 0};
    size_t size = _IOC_SIZE(request);
    char ready[256];
    pthread_mutex_lock(&device->turn);
    if (all(put, device->questions, &question, sizeof question) || all(put, device->questions, argument, size)
        || all(get, device->questions, &answer, sizeof answer)
        || (_IOC_DIR(request) & _IOC_READ && all(get, device->questions, argument, size)))
        answer.result = -ENODEV;
    else if (answer.taken > 0 && answer.taken <= sizeof ready)
        recv(device->file, ready, answer.taken, MSG_DONTWAIT);
    pthread_mutex_unlock(&device->turn);
    return answer.result;
}

static int emulate(struct device *device, unsigned long request, void *argument)
{
    int result;
    if (_IOC_SIZE(request) == 0 || !argument) {
        errno = ENOTTY;
        return -1;
    }
    while ((result = ask(device, request, argument)) == -EAGAIN && !(fcntl(device->file, F_GETFL) & O_NONBLOCK))
        poll(&(struct pollfd){device->file, POLLIN, 0}, 1, -1);
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_socket(path) ? open_device(path, flags) : REAL(open)(path, flags, mode);
}

/* A file's size takes 64 bits anyway where this is built. */
int open64(const char *, int, ...) __attribute__((alias("open")));

/* What open() becomes where the C library checks its arguments. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }

int ioctl(int file, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    struct device *device = find(file);
    return device ? emulate(device, request, argument) : REAL(ioctl)(file, request, argument);
}

void *mmap(void *where, size_t length, int protection, int flags, int file, off_t offset)
{
    struct device *device = find(file);
    return REAL(mmap)(where, length, protection, flags, device ? device->memory : file, offset);
}

void *mmap64(void *, size_t, int, int, int, off64_t) __attribute__((alias("mmap")));

int close(int file)
{
    struct device *device = find(file);
    if (device) {
        pthread_mutex_lock(&device->turn);
        REAL(close)(device->questions);
        REAL(close)(device->memory);
        device->is_open = 0;
        pthread_mutex_unlock(&device->turn);
    }
    return REAL(close)(file);
}
