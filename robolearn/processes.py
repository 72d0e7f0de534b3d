"""Processes that do not outlive who has started them, which of them go first, and what does not hold them up."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    ACTS = 10  # also what sees: were it above, two cameras at once would push who thinks off both of two cores
    MOVES = 30


_POLICIES = {Urgency.IDLE: os.SCHED_IDLE, Urgency.NORMAL: os.SCHED_OTHER}


def schedule(urgency: Urgency) -> bool:
    """Have this thread, and all that it begins, served so. False without the right to it: then it is as it was.

    Other than niceness, IDLE also has the scheduler take a core that does only such work for a free one: a node that
    wakes up does not push aside another node while there is one."""
    policy = _POLICIES.get(urgency, os.SCHED_RR)
    try:
        os.sched_setscheduler(0, policy, os.sched_param(max(urgency, 0)))
    except PermissionError:
        return False
    return True


def begin_unhurried() -> None:
    """What a process does before anything else so that it is served as any other, however urgent its starter is.

    To load a program takes whole time slices, 100 ms, from all that is as urgent; it may be urgent once it is there."""
    schedule(Urgency.NORMAL)


def keep_for_good() -> None:
    """Have the garbage collector look no more at what is there now, once a process has begun.

    Looking at all of it takes 40 to 110 ms, in which nothing else of the process runs."""
    gc.collect()
    gc.freeze()


@contextmanager
def served_as(urgency: Urgency) -> Iterator[None]:
    """Schedule this thread so inside; threads and processes that are begun there stay so."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    schedule(urgency)
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)
