"""Virtual USB cameras: Video4Linux devices in a process of their own, for programs that preload ``device_socket.c``."""
