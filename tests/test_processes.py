"""A process that serves another ends with it, however that one ends; and each goes as first as it is urgent."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from robolearn.processes import Urgency, begin_unhurried, served_as

PATIENCE_S = 20.0
DROP_CAPABILITY, SYS_NICE = 24, 23  # of prctl, and of capabilities(7)
PARENT = """
import os, subprocess, sys, time
from robolearn.processes import die_with
sleeper = [sys.executable, "-c", "import time; time.sleep(300)"]
print(subprocess.Popen(sleeper, preexec_fn=die_with(os.getpid())).pid, flush=True)
time.sleep(300)
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    parent.kill()
    parent.communicate()
    deadline_s = time.monotonic() + PATIENCE_S
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


KEPT = """
import gc
import numpy
from robolearn.processes import keep_for_good
before = len(gc.get_objects())
keep_for_good()
print(before, len(gc.get_objects()))
"""


def test_what_is_kept_for_good_is_not_looked_at_again() -> None:
    told = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
    before, after = map(int, told.stdout.split())
    assert before > 1000 and after < 0.05 * before


SCHEDULED = """
import os, sys, threading
from robolearn.processes import Urgency, schedule
done = schedule(Urgency[sys.argv[1]])
found = [(os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)]
thread = threading.Thread(target=lambda: found.append((os.sched_getscheduler(0), os.sched_getparam(0).sched_priority)))
thread.start()
thread.join()
assert found[0] == found[1]
print(*found[0], int(done))
"""


def _scheduled(urgency: str, prepare: Callable[[], None] | None = None) -> list[int]:
    """Policy and priority of a process that has asked for it, after ``prepare``, and whether it got it."""
    words = [sys.executable, "-c", SCHEDULED, urgency]
    told = subprocess.run(words, capture_output=True, text=True, check=True, preexec_fn=prepare)
    return [int(word) for word in told.stdout.split()]


def _without_rights() -> None:
    """Take the capability from what is run next, whoever it belongs to."""
    ctypes.CDLL(None).prctl(DROP_CAPABILITY, SYS_NICE)
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))


def test_what_is_idle_only_has_what_the_others_leave_and_so_have_its_threads() -> None:
    assert _scheduled("IDLE") == [os.SCHED_IDLE, 0, 1]
    assert _scheduled("NORMAL") == [os.SCHED_OTHER, 0, 1]


def test_a_real_time_priority_is_done_without_where_it_is_not_allowed() -> None:
    assert _scheduled("MOVES", _without_rights) == [os.SCHED_OTHER, 0, 0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is sure to have the right")
def test_where_it_is_allowed_it_is_taken() -> None:
    assert _scheduled("MOVES") == [os.SCHED_RR, Urgency.MOVES, 1]
    assert _scheduled("ACTS") == [os.SCHED_RR, Urgency.ACTS, 1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is sure to have the right")
def test_a_process_begins_unhurried_whoever_begins_it() -> None:
    with served_as(Urgency.MOVES):
        urgent = _begun_with(None)
        unhurried = _begun_with(begin_unhurried)
    assert urgent == os.SCHED_RR and unhurried == os.SCHED_OTHER


def _begun_with(prepare: Callable[[], None] | None) -> int:
    """The policy of a process that asks for nothing."""
    words = [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"]
    return int(subprocess.run(words, capture_output=True, text=True, check=True, preexec_fn=prepare).stdout)


def test_a_thread_is_urgent_for_a_while_and_what_it_begins_meanwhile_stays_so() -> None:
    before, begun = os.sched_getscheduler(0), []
    go = threading.Event()

    def look() -> None:
        go.wait(PATIENCE_S)
        begun.append(os.sched_getscheduler(0))

    with served_as(Urgency.MOVES):
        thread = threading.Thread(target=look)
        thread.start()
    go.set()
    thread.join()
    assert begun == _scheduled("MOVES")[:1] and os.sched_getscheduler(0) == before
