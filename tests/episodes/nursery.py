"""Raises recorders for the crash tests: forks a wave of them for each line on stdin.

They report on stdout, a line each time: "pid <pid>" when a recorder starts, "row <pid> <episode> <row>
<monotonic ns>" once append has returned, "end <pid> <episode> <rows>" once an episode has ended. One more
process reports "late <s>", the longest so far that this machine took longer than asked for to sleep and to
replace a small file. All run at a high priority if that is allowed, as a recorder on a robot would: the tests
are about kill -9, not about a busy machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from robolearn.contracts import Ending
from robolearn.episodes import EpisodeStore
from robolearn.episodes.chunks import write_atomic
from tests.episodes.makers import info, row

RATES_HZ = (3.0, 20.0, 100.0)
EPISODE_ROWS = 60
PRIORITY = -15
PROBE_S = 0.05
ROWS = [row(index) for index in range(EPISODE_ROWS)]


def report(*words: object) -> None:
    """One line, written in one piece although many processes share the stream."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def record(store: EpisodeStore, rate_hz: float) -> None:
    """Record until killed, or for a minute."""
    pid, stop = os.getpid(), time.monotonic() + 60.0
    report("pid", pid)
    while time.monotonic() < stop:
        with store.begin(info()) as writer:
            for index, item in enumerate(ROWS):
                writer.append(item)
                report("row", pid, writer.id, index, time.monotonic_ns())
                time.sleep(1.0 / rate_hz)
            writer.end(Ending.TIMEOUT)
        report("end", pid, writer.id, EPISODE_ROWS)


def probe(path: Path) -> None:
    """Sleep and replace a file until the parent is gone."""
    worst_s, parent = -1.0, os.getppid()
    while os.getppid() == parent:
        start = time.monotonic()
        time.sleep(PROBE_S)
        write_atomic(path, [b"late?"])
        late_s = time.monotonic() - start - PROBE_S
        if late_s > worst_s:
            worst_s = late_s
            report("late", worst_s)


def fork(task: Callable[..., None], *arguments: object) -> None:
    """Run ``task`` in a child."""
    if os.fork() == 0:
        task(*arguments)
        os._exit(0)


def main() -> None:
    """Fork ``sys.argv[2]`` recorders per line into the store ``sys.argv[1]``."""
    store = EpisodeStore.open(Path(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    fork(probe, store.path.with_name("probe"))
    for _ in sys.stdin:
        for child in range(int(sys.argv[2])):
            fork(record, store, RATES_HZ[child % len(RATES_HZ)])


if __name__ == "__main__":
    main()
