"""A process that was started to serve another one ends with it, however that one ends."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

PATIENCE_S = 20.0
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


def test_what_gives_way_only_has_what_the_others_leave_and_so_have_its_threads() -> None:
    told = """
import os, threading
from robolearn.processes import give_way
give_way()
policies = [os.sched_getscheduler(0)]
thread = threading.Thread(target=lambda: policies.append(os.sched_getscheduler(0)))
thread.start()
thread.join()
print(policies == 2 * [os.SCHED_IDLE])
"""
    given = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert given.stdout == "True\n"
