"""Processes that do not outlive who has started them, and which of them go first."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

SET_DEATH_SIGNAL = 1  # of prctl
_libc = ctypes.CDLL(None)


def die_with(parent: int) -> Callable[[], None]:
    """What a process does before anything else so that it is told to end when ``parent``, its starter, ends."""

    def prepare() -> None:
        _libc.prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return prepare


class Urgency(IntEnum):
    """Whom the processor serves first; above NORMAL the value is a real-time priority (sched(7))."""

    IDLE = -1  # has no deadline: what it gets is what is left
    NORMAL = 0
    ACTS = 10
    SENSES = 20
    MOVES = 30


def schedule(urgency: Urgency) -> None:
    """Have this thread, and all that it begins, served so. Without the right to a real-time priority: as NORMAL.

    Other than niceness, IDLE also has the scheduler take a core that does only such work for a free one: a node that
    wakes up does not push aside another node while there is one."""
    if urgency is Urgency.IDLE:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif urgency is not Urgency.NORMAL:
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(urgency))
