"""What tests of arms with a controller of their own do to them, and ask of them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from drivers.linked_arm import LinkedArm
from robolearn.contracts import Arm, ArmCommand, CommandMode
from robolearn.errors import DeviceError
from tests.drivers.emulators import Emulator
from tests.drivers.ur_rig import wait_until

STILL_RAD = 2e-3


def drive(arm: LinkedArm, offset_rad: float, periods: int) -> None:
    """Stream a ramp of the first joint."""
    goal = arm.read().joint_position_rad
    for _ in range(periods):
        goal[0] += offset_rad / periods
        arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, goal, None))
        arm.clock.sleep_until(arm.clock.now_ns() + round(1e9 / arm.spec.control_hz))


def refused(arm: LinkedArm) -> bool:
    """True if a command is refused because of a fault."""
    goal = arm.read().joint_position_rad + 0.1
    with pytest.raises(DeviceError, match="rearm"):
        arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, goal, None))
    return True


def is_still(robot: Emulator) -> bool:
    """True if nothing moves for half a second."""
    before = np.array(robot.do("status")["joint_position_rad"])
    time.sleep(0.5)
    return bool(np.abs(np.array(robot.do("status")["joint_position_rad"]) - before).max() < STILL_RAD)


def at_rest(robot: Emulator) -> bool:
    """True once the arm stands."""
    return wait_until(lambda: max(map(abs, robot.do("status")["joint_velocity_rad_s"])) < 1e-3)


def readable(arm: Arm) -> bool:
    """True if the arm can be read."""
    try:
        arm.read()
    except DeviceError:
        return False
    return True


def rearmed(arm: LinkedArm) -> bool:
    """True if rearming succeeds."""
    try:
        arm.rearm()
    except DeviceError:
        return False
    return True
