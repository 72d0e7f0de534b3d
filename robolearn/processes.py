"""Processes that do not outlive who has started them, and those that can wait."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

SET_DEATH_SIGNAL = 1  # of prctl
_libc = ctypes.CDLL(None)


def die_with(parent: int) -> Callable[[], None]:
    """What a process does before anything else so that it is told to end when ``parent``, its starter, ends."""

    def prepare() -> None:
        _libc.prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return prepare


def give_way() -> None:
    """Let everything else on the machine go first: what this process does has no deadline, what moves the arm has.

    Other than niceness, this policy also has the scheduler (sched(7)) take a core that does only such work for a free
    one: a node that wakes up does not push aside another node while there is one."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
