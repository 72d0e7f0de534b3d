"""A virtual UR in a process of its own, and the driver that talks to it with the real client library."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from drivers.clock import RealClock
from drivers.gripped import GrippedArm
from drivers.robotiq import RobotiqGripper
from drivers.robotiq_socket import UrcapWire
from drivers.ur import UrArm, UrConfig, tool_on_flange
from robolearn.descriptions import description

JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
CONTROL_HZ = 25.0  # slow, for machines that are busy


def address() -> str:
    """A loopback address that no other test process uses."""
    number = os.getpid()
    return f"127.{7 + number // 62500 % 200}.{1 + number // 250 % 250}.{1 + number % 250}"


def make_arm(host: str, silence_s: float = 1.0) -> UrArm:
    """The driver, with patience for a busy machine, and quick to follow its targets."""
    config = UrConfig(host, 0.05, 1000.0, 0.9, (0.0, 0.0, 0.0572), False, silence_s)
    return UrArm(config, JOINTS, CONTROL_HZ, tool_on_flange(description("ur5e_2f85"), JOINTS), RealClock())


def make_gripped(host: str) -> GrippedArm:
    """The arm with the gripper on it."""
    arm = make_arm(host)
    return GrippedArm(arm, RobotiqGripper(UrcapWire(host), 3, 230, 1.0, 0.2), arm.clock)


def activated(host: str) -> None:
    """Let the gripper find its ends, as after power-on."""
    gripper = RobotiqGripper(UrcapWire(host), 3, 230, 1.0, 0.2)
    gripper.connect()
    assert "not activated" in (gripper.fault or "")
    gripper.rearm()
    assert gripper.fault is None
    gripper.close()


def wait_until(true: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    """False if it does not become true."""
    end_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.005)
    return True
