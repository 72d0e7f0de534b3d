"""Raises recorders for the crash tests: forks a wave of them for each line on stdin.

Each recorder writes episode after episode and reports on stdout, one line each: "pid <pid>" when it starts,
"row <pid> <episode> <row> <monotonic ns>" once append has returned, "end <pid> <episode> <rows>" once an
episode has ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from robolearn.contracts import Ending
from robolearn.episodes import EpisodeStore
from tests.episodes.makers import info, row

RATES_HZ = (3.0, 20.0, 100.0)
EPISODE_ROWS = 60
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


def main() -> None:
    """Fork ``sys.argv[2]`` recorders per line into the store ``sys.argv[1]``."""
    store = EpisodeStore.open(Path(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        for child in range(int(sys.argv[2])):
            if os.fork() == 0:
                record(store, RATES_HZ[child % len(RATES_HZ)])
                os._exit(0)


if __name__ == "__main__":
    main()
