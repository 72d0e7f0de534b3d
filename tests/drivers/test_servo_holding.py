"""What servos are told when their arm is stopped, armed again or let go of: the joints stay, and the grip is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from drivers.feetech_setup import GOAL_POSITION
from drivers.servo_arm import ServoArm
from drivers.sts_bus import sts_bus
from robolearn.contracts import ArmCommand, CommandMode
from robolearn.errors import DeviceError
from tests.drivers.so101_rig import SCALES, WITHIN_RAD, Bench, ask_for, true_joints, virtual_so101
from tests.drivers.ur_rig import wait_until

PAN, LIFT, GRIPPER = 0, 1, 5  # by their place on the arm
LEAP_RAD = 1.0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


@pytest.fixture
def arm(bench: Bench) -> Iterator[ServoArm]:
    arm = bench.fresh()
    arm.connect()
    yield arm
    arm.close()
    bench.restore()


def register(bench: Bench, servo: int, name: str, size: int, value: int) -> None:
    """What another tool would write to a servo."""
    bench.emulator.do("register", servo=servo, name=name, size=size, value=value)


def leap(bench: Bench, arm: ServoArm) -> float:
    """The first joint is on its way; where it is asked to go [rad]."""
    here = arm.read().joint_position_rad
    goal_rad = here + LEAP_RAD * np.eye(len(here))[PAN]
    ask_for(arm, goal_rad)
    assert wait_until(lambda: bool(arm.read().joint_position_rad[PAN] - here[PAN] > 0.1 * LEAP_RAD))
    return float(goal_rad[PAN])


def test_rearming_a_stop_and_the_end_of_the_program_keep_what_the_gripper_was_told(bench: Bench, arm: ServoArm) -> None:
    register(bench, GRIPPER, "TORQUE_LIMIT", 2, 0)  # as far from its goal as one that holds something
    here = arm.read().joint_position_rad
    arm.command(ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, here, 1.0))
    arm.rearm()
    arm.stop("by the test")
    arm.close()
    bus = sts_bus(str(bench.port), 1_000_000, 0.1)
    bus.open()
    scale = SCALES["gripper"]
    told = bus.read(scale.id, GOAL_POSITION, 2)
    bus.close()
    assert told == scale.range_max


def test_a_stop_does_not_send_a_joint_back_that_is_not_heard(bench: Bench, arm: ServoArm) -> None:
    goal_rad = leap(bench, arm)
    bench.emulator.do("garble", servo=PAN, on=True)
    try:
        arm.stop("by the test")
    finally:
        bench.emulator.do("garble", servo=PAN, on=False)
    assert wait_until(lambda: abs(true_joints(bench)[PAN] - goal_rad) < 2 * WITHIN_RAD, timeout_s=5.0)


def test_a_stop_holds_the_joints_that_are_heard_whatever_another_does(bench: Bench, arm: ServoArm) -> None:
    goal_rad = leap(bench, arm)
    bench.emulator.do("status", servo=LIFT, name="VOLTAGE", on=True)
    bench.emulator.do("garble", servo=LIFT, on=True)
    try:
        arm.stop("by the test")
    finally:
        bench.emulator.do("garble", servo=LIFT, on=False)
    time.sleep(0.5)
    assert true_joints(bench)[PAN] < goal_rad - 0.2 * LEAP_RAD


def test_a_servo_that_gave_way_does_not_leap_to_its_old_goal_when_its_arm_is_connected(bench: Bench) -> None:
    arm = bench.fresh()
    register(bench, PAN, "PROTECT_TORQUE", 1, 0)  # it has given way altogether
    bench.emulator.do("status", servo=PAN, name="OVERLOAD", on=True)
    before = true_joints(bench)
    register(bench, PAN, "GOAL_POSITION", 2, SCALES["shoulder_pan"].range_max)
    try:
        arm.connect()
        time.sleep(0.5)
        np.testing.assert_allclose(true_joints(bench), before, atol=WITHIN_RAD)
        assert arm.read() and arm.fault is None
    finally:
        arm.close()
        register(bench, PAN, "PROTECT_TORQUE", 1, 20)


def test_a_servo_that_was_without_power_is_named_and_held_again_by_rearming(bench: Bench, arm: ServoArm) -> None:
    ask_for(arm, arm.read().joint_position_rad)
    register(bench, LIFT, "TORQUE_ENABLE", 1, 0)
    arm.read()
    assert arm.fault == "servo of shoulder_lift: torque off, as after a loss of power"
    with pytest.raises(DeviceError, match="shoulder_lift"):
        ask_for(arm, true_joints(bench))
    assert not bench.emulator.do("truth")["torque"][LIFT]
    arm.rearm()
    assert arm.fault is None and all(bench.emulator.do("truth")["torque"])
    ask_for(arm, arm.read().joint_position_rad)


def test_rearming_alone_notices_a_servo_without_torque_and_holds_it_again(bench: Bench, arm: ServoArm) -> None:
    register(bench, LIFT, "TORQUE_ENABLE", 1, 0)
    arm.rearm()
    assert arm.fault is None and all(bench.emulator.do("truth")["torque"])
