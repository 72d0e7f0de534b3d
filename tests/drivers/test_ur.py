"""The UR driver, with the real client library in its child process, against the virtual controller as a process."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from drivers.gripped import GrippedArm
from drivers.robotiq import RobotiqGripper
from drivers.robotiq_socket import UrcapWire
from drivers.ur import UrArm, UrConfig
from robolearn import config
from robolearn.contracts import ArmCommand, CommandMode, Float
from robolearn.descriptions import description
from robolearn.errors import ConfigError, DeviceError
from robolearn.kinematics import Kinematics
from tests.contract.arm import ArmContract, ArmRig
from tests.drivers.emulators import Emulator, emulating
from tests.drivers.stopping import at_rest, drive, is_still, readable, rearmed, refused
from tests.drivers.ur_rig import activated, address, make_arm, make_gripped, wait_until

HOST = address()
NOBODY = "127.250.250.250"


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One virtual controller for all tests of this file."""
    with emulating(tmp_path_factory.mktemp("ur"), "ur", "--host", HOST) as emulator:
        activated(HOST)
        yield emulator


@pytest.mark.usefixtures("robot")
class TestGrippedUrArm(ArmContract):
    """The contract of every arm, for the arm with the gripper on it."""

    def make(self) -> ArmRig:
        arm = make_gripped(HOST)
        return ArmRig(arm, arm.clock, lambda: None)


@pytest.fixture
def arm(robot: Emulator) -> Iterator[UrArm]:
    """A connected arm; the robot is sound again afterwards."""
    made = make_arm(HOST)
    made.connect()
    yield made
    made.close()
    robot.heal()
    robot.do("emergency_stop", pressed=False)
    robot.do("power_on")


def test_the_gripper_closes_on_command_and_keeps_where_it_is_when_stopped(robot: Emulator) -> None:
    arm = make_gripped(HOST)
    arm.connect()
    for goal in (0.2, 0.9):
        here = arm.read().joint_position_rad
        arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, here, goal))
        assert wait_until(lambda goal=goal: abs((arm.read().gripper_opening or 0.0) - goal) < 0.02)
    arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, here, 0.0))
    assert wait_until(lambda: (arm.read().gripper_opening or 0.0) < 0.8)
    arm.stop("by the test")
    assert wait_until(lambda: is_gripper_still(arm))
    assert (arm.read().gripper_opening or 0.0) > 0.05
    arm.close()


def is_gripper_still(arm: GrippedArm) -> bool:
    """True if the opening does not change for a while."""
    before = arm.read().gripper_opening or 0.0
    time.sleep(0.3)
    return abs((arm.read().gripper_opening or 0.0) - before) < 0.01


def test_the_tool_is_where_the_description_says_and_the_wrench_is_in_its_frame(robot: Emulator, arm: UrArm) -> None:
    state = arm.read()
    kinematics = Kinematics(description("ur5e_2f85"), arm.spec.joint_names)
    position, rotation = kinematics.tool_pose_base(state.joint_position_rad)
    np.testing.assert_allclose(state.ee_position_base_m, position, atol=1e-4)
    w, x, y, z = state.ee_quaternion_base_wxyz
    forward = [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)]
    np.testing.assert_allclose(forward, rotation[:, 0], atol=1e-4)
    robot.do("push", force_base_n=[0.0, 0.0, 20.0])
    assert wait_until(lambda: abs(np.linalg.norm(felt(arm)[:3]) - 20.0) < 2.0)
    np.testing.assert_allclose(felt(arm)[:3], rotation.T @ [0.0, 0.0, 20.0], atol=2.0)
    robot.do("push", force_base_n=[0.0, 0.0, 0.0])


def felt(arm: UrArm) -> Float:
    """The wrench (6,) of the newest reading."""
    wrench = arm.read().wrench_tool
    assert wrench is not None
    return wrench


def test_a_protective_stop_is_told_and_the_arm_stays_where_it_is_until_rearmed(robot: Emulator, arm: UrArm) -> None:
    drive(arm, 0.2, 10)
    robot.do("protective_stop")
    assert wait_until(lambda: arm.fault is not None) and "protective stop" in (arm.fault or "")
    assert refused(arm) and at_rest(robot) and is_still(robot)
    arm.rearm()
    assert arm.fault is None and is_still(robot)
    drive(arm, -0.1, 5)


def test_after_an_emergency_stop_rearming_asks_for_power_first(robot: Emulator, arm: UrArm) -> None:
    drive(arm, 0.2, 10)
    robot.do("emergency_stop", pressed=True)
    assert wait_until(lambda: arm.fault is not None) and "emergency stop" in (arm.fault or "")
    with pytest.raises(DeviceError, match="pull the button out"):
        arm.rearm()
    robot.do("emergency_stop", pressed=False)
    with pytest.raises(DeviceError, match="brakes"):
        arm.rearm()
    robot.do("power_on")
    assert at_rest(robot) and is_still(robot)
    assert wait_until(lambda: rearmed(arm))
    drive(arm, -0.1, 5)


@pytest.mark.parametrize("fault", ["freeze", "unplug"])
def test_a_lost_link_is_told_and_mended_by_itself_but_nothing_moves_until_rearmed(
    robot: Emulator, arm: UrArm, fault: str
) -> None:
    drive(arm, 0.2, 10)
    robot.do("faults", **{fault: True})
    assert wait_until(lambda: arm.fault is not None)
    time.sleep(1.0)
    assert at_rest(robot)
    robot.do("faults", **{fault: False})
    assert is_still(robot)
    assert wait_until(lambda: readable(arm)) and refused(arm) and is_still(robot)
    arm.rearm()
    assert arm.fault is None and is_still(robot)
    drive(arm, -0.1, 5)


def test_a_child_that_dies_is_told_and_replaced(robot: Emulator, arm: UrArm) -> None:
    drive(arm, 0.1, 5)
    (child,) = [process for process in psutil.Process().children() if "drivers.ur_child" in process.cmdline()]
    child.kill()
    assert wait_until(lambda: arm.fault is not None)
    assert wait_until(lambda: readable(arm)) and at_rest(robot)
    arm.rearm()
    drive(arm, -0.1, 5)


def test_a_silence_shorter_than_the_driver_itself_keeps_is_refused_with_the_reason() -> None:
    text = (
        "{host: 127.0.0.1, servo_lookahead_s: 0.05, servo_gain: 600, payload_kg: 0.9, payload_centre_m: [0, 0, 0], "
        "zero_wrench: false, silence_s: 0.02}"
    )
    with pytest.raises(ConfigError, match=r"silence_s: .*0\.05.*repeats a target only after 0\.02 s"):
        config.parse(text, UrConfig, "station")


def test_an_address_where_nobody_answers_is_named_with_the_way_out() -> None:
    with pytest.raises(DeviceError, match=f"{NOBODY}:30004.*cable"):
        make_arm(NOBODY).connect()


def test_if_the_gripper_does_not_answer_the_arm_is_let_go_of(robot: Emulator) -> None:
    arm = make_arm(HOST)
    nowhere = RobotiqGripper(UrcapWire(NOBODY), 3, 230, 1.0, 0.2)
    with pytest.raises(DeviceError, match=NOBODY):
        GrippedArm(arm, nowhere, arm.clock).connect()
    with pytest.raises(DeviceError, match="not connected"):
        arm.read()
