"""An arm behind a child process stays where it is after a fault that its parent alone has noticed."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from drivers.child_link import Program
from drivers.clock import RealClock
from drivers.linked_arm import Controller, LinkedArm
from robolearn.contracts import ArmCommand, ArmSpec, ArmState, CommandMode, Float
from tests.drivers.drifting_child import SPEED_RAD_S, STATE
from tests.drivers.ur_rig import wait_until

FAR_RAD, SILENCE_S = 2.0, 0.4


class Seen(NamedTuple):
    """What the child tells."""

    stamp_ns: int
    position_rad: float


class DriftingArm(LinkedArm[Seen]):
    """One slow joint."""

    def __init__(self) -> None:
        spec = ArmSpec(
            name="drifting", joint_names=("joint",), joint_lower_rad=np.array([-3.0]), joint_upper_rad=np.array([3.0]),
            joint_velocity_limit_rad_s=np.array([100.0]), control_hz=25.0, modes=(CommandMode.JOINT_POSITION,),
            has_gripper=False, has_wrench=False, base_frame="base", tool_frame="tool",
        )  # fmt: skip
        program = Program("tests.drivers.drifting_child", "0.0")
        controller = Controller("nowhere:0", SILENCE_S, "It is a process of this machine.")
        super().__init__(spec, controller, program, lambda words: Seen(*STATE.unpack(words)), RealClock())

    def _stands_against(self, reading: Seen) -> str | None:
        return None

    def _can_release(self, reading: Seen) -> bool:
        return True

    def _is_ready(self, reading: Seen) -> bool:
        return True

    def _joints(self, reading: Seen) -> Float:
        return np.array([reading.position_rad])

    def _state(self, reading: Seen) -> ArmState:
        nowhere, unturned = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
        return ArmState(reading.stamp_ns, self._joints(reading), None, nowhere, unturned, None, None, None)


@pytest.fixture
def arm() -> Iterator[DriftingArm]:
    arm = DriftingArm()
    arm.connect()
    yield arm
    arm.close()


def position_rad(arm: DriftingArm) -> float:
    """Of the newest reading."""
    return float(arm.read().joint_position_rad[0])


def test_a_child_that_stalled_does_not_go_on_to_its_last_target_when_it_wakes(arm: DriftingArm) -> None:
    arm.command(ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, np.array([FAR_RAD]), None))
    assert wait_until(lambda: position_rad(arm) > 0.1)
    (child,) = [one for one in psutil.Process().children() if "tests.drivers.drifting_child" in one.cmdline()]
    child.send_signal(signal.SIGSTOP)
    try:
        assert wait_until(lambda: arm.fault is not None) and "no word" in (arm.fault or "")
        stalled_rad = position_rad(arm)
    finally:
        child.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    assert position_rad(arm) - stalled_rad < 0.2 * 0.5 * SPEED_RAD_S
    assert "no word" in (arm.fault or "")
