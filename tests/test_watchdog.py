"""A program that hangs: the arm is held all the same, by real time."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import numpy as np
import pytest

from drivers.clock import RealClock
from robolearn.contracts import ArmCommand, ArmState, CommandMode, Executed
from robolearn.errors import DeviceError
from robolearn.safety import Gate
from robolearn.watchdog import Watchdog
from tests.contract.fake_arm import FakeArm, SteppedClock
from tests.gate_bench import WIDE

PATIENCE_S = 10.0


class RealTimeArm(FakeArm):
    """Stamps its readings by real time; it stays where it is."""

    deaf = False

    def __init__(self) -> None:
        super().__init__(SteppedClock())

    def read(self) -> ArmState:
        """Refuse while deaf."""
        if self.deaf:
            raise DeviceError("no answer")
        return super().read()._replace(stamp_ns=time.monotonic_ns())

    def command(self, command: ArmCommand) -> Executed:
        """By the age that it has on the arm's own clock."""
        return super().command(command._replace(stamp_ns=0))


def commanded(arm: RealTimeArm) -> Gate:
    """A gate that has just passed one command on."""
    gate = Gate(arm, WIDE, arm.kinematics, RealClock())
    gate.connect()
    ahead = arm.read().joint_position_rad + 0.004
    gate.command(ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, ahead, None))
    return gate


def held(arm: RealTimeArm) -> bool:
    """True as soon as the arm was told to stay where it is."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s and len(arm.sent) < 2:
        time.sleep(0.01)
    return len(arm.sent) == 2 and bool(np.array_equal(arm.sent[-1], arm.read().joint_position_rad))


def test_an_arm_is_held_though_nobody_reads_it() -> None:
    arm = RealTimeArm()
    with closing(Watchdog(commanded(arm), WIDE.watchdog_s / 2)) as watchdog:
        watchdog.start()
        assert held(arm)


def test_a_device_that_does_not_answer_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    arm = RealTimeArm()
    gate = commanded(arm)
    arm.deaf = True
    with closing(Watchdog(gate, WIDE.watchdog_s / 2)) as watchdog:
        watchdog.start()
        deadline_s = time.monotonic() + PATIENCE_S
        while not caplog.records and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert "the arm cannot be held: no answer" in caplog.text
        arm.deaf = False
        assert held(arm)


def test_it_may_be_closed_before_it_was_started_and_twice() -> None:
    watchdog = Watchdog(commanded(RealTimeArm()), 0.1)
    watchdog.close()
    watchdog.start()
    assert "watchdog" in [thread.name for thread in threading.enumerate()]
    watchdog.close()
    watchdog.close()
    assert "watchdog" not in [thread.name for thread in threading.enumerate()]
