"""Servos go on to their last goals whoever has told them: a keeper holds them once their driver no longer can.

It is a small process that shares the driver's line, and leaves it alone while the driver lives and runs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from drivers.servo_bus import ServoBus
from robolearn.processes import begin_unhurried

AGAIN_S = 2.0  # one that fails at its start is not followed by another with every command
log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """What a keeper must know of servos."""

    make: str  # one of those of ``drivers.keeper_child``
    ids: Sequence[int]  # of joints: a gripper goes on holding what it holds
    goal: int  # address
    position: int  # address of what is measured
    size: int  # bytes of either


class Keeper:
    """The driver's end of one keeper after another. Each acts once at most: when the driver was killed or stopped."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0

    @property
    def has_acted(self) -> bool:
        """True if the servos were held, and have other goals than they were told."""
        return self._process is not None and self._process.poll() == 0

    def watch(self, bus: ServoBus) -> None:
        """Be there from now on, if there is none, or none any more."""
        now_s, process = time.monotonic(), self._process
        if process is not None and (process.poll() is None or now_s - self._started_s < AGAIN_S):
            return
        self.end()
        self._started_s = now_s
        line = bus.line
        words = [str(line), str(os.getpid()), bus.path, str(bus.baud), str(bus.patience_s), json.dumps(self._kept)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            [sys.executable, "-m", "drivers.keeper_child", *words], pass_fds=[line], start_new_session=True,
            stdin=quiet, stdout=quiet, stderr=quiet, preexec_fn=begin_unhurried,
        )  # fmt: skip

    def end(self) -> None:
        """Let it go without holding anything. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        status = process.poll()
        if status == 0:
            log.warning("the driver was stopped, and its servos were held meanwhile")
        elif status is not None:
            log.warning("the keeper of the servos failed (status %d): nobody would have held them", status)
        process.kill()
        process.wait()
