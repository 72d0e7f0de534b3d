"""The Franka driver, with the real client library in its child process, against the virtual robot as a process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from drivers.franka import FrankaArm
from drivers.gripped import GrippedArm
from robolearn.contracts import ArmCommand, CommandMode
from robolearn.errors import DeviceError
from tests.contract.arm import ArmContract, ArmRig
from tests.drivers.emulators import Emulator, emulating
from tests.drivers.franka_rig import PATIENCE_S, RobotPace, homed, make_arm, make_gripped
from tests.drivers.stopping import at_rest, drive, is_still, readable, rearmed, refused
from tests.drivers.ur_rig import address, wait_until

HOST = address()


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One virtual robot for all tests of this file."""
    with emulating(tmp_path_factory.mktemp("fr3"), "franka", "--host", HOST, "--patience", PATIENCE_S) as emulator:
        homed(HOST)
        yield emulator


class TestGrippedFrankaArm(ArmContract):
    """The contract of every arm, for the arm with the hand on it."""

    robot: Emulator

    @pytest.fixture(autouse=True)
    def _on(self, robot: Emulator) -> None:
        self.robot = robot

    def make(self) -> ArmRig:
        """A new driver of the one virtual robot."""
        return ArmRig(make_gripped(HOST), RobotPace(self.robot), lambda: None)


@contextmanager
def ready(made: FrankaArm | GrippedArm) -> Iterator[None]:
    """Connected and armed inside."""
    made.connect()
    if made.fault is not None:
        made.rearm()
    yield
    made.close()


@pytest.fixture
def arm(robot: Emulator) -> Iterator[FrankaArm]:
    """A connected arm; the robot is sound again afterwards."""
    made = make_arm(HOST)
    with ready(made):
        yield made
    robot.heal()
    robot.do("user_stop", pressed=False)


def test_the_wrench_is_what_the_world_exerts_in_the_frame_of_the_tool(robot: Emulator, arm: FrankaArm) -> None:
    robot.do("push", force_base_n=[0.0, 0.0, -15.0])
    tool_x_is_down = np.array([15.0, 0.0, 0.0])
    assert wait_until(lambda: felt(arm) is not None and np.allclose(felt(arm), tool_x_is_down, atol=2.0))
    robot.do("push", force_base_n=[0.0, 0.0, 0.0])


def felt(arm: FrankaArm) -> np.ndarray:
    """Force (3,) of the newest reading."""
    wrench = arm.read().wrench_tool
    assert wrench is not None
    return wrench[:3]


@pytest.fixture
def gripped(robot: Emulator) -> Iterator[GrippedArm]:
    """A connected arm with its hand, which is slow enough to be stopped on its way on a busy machine."""
    made = make_gripped(HOST, speed_m_s=0.015)
    with ready(made):
        yield made


def test_the_hand_goes_where_it_is_told_grasps_when_closed_and_stays_when_stopped(
    robot: Emulator, gripped: GrippedArm
) -> None:
    arm = gripped
    for goal in (0.3, 0.9, 0.0):
        here = arm.read().joint_position_rad
        arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, here, goal))
        assert wait_until(lambda goal=goal: abs((arm.read().gripper_opening or 0.0) - goal) < 0.03)
    arm.command(ArmCommand(arm.clock.now_ns(), CommandMode.JOINT_POSITION, here, 1.0))
    assert wait_until(lambda: (arm.read().gripper_opening or 0.0) > 0.1)
    arm.stop("by the test")
    assert wait_until(lambda: hand_is_still(robot))
    assert robot.do("status")["width_m"] < 0.02  # 8 mm when it was stopped


def hand_is_still(robot: Emulator) -> bool:
    """True if the width does not change for a while."""
    before = robot.do("status")["width_m"]
    time.sleep(0.3)
    return bool(abs(robot.do("status")["width_m"] - before) < 1e-4)


def test_a_target_is_reached_and_held(robot: Emulator, arm: FrankaArm) -> None:
    start = robot.do("status")["joint_position_rad"][0]
    drive(arm, 0.2, 5)
    assert wait_until(lambda: abs(robot.do("status")["joint_position_rad"][0] - start - 0.2) < 0.01)
    assert at_rest(robot) and arm.fault is None
    drive(arm, -0.2, 5)


def test_a_reflex_is_told_and_the_arm_stays_where_it_is_until_rearmed(robot: Emulator, arm: FrankaArm) -> None:
    drive(arm, 0.2, 5)
    robot.do("reflex")
    assert wait_until(lambda: arm.fault is not None) and "joint_reflex" in (arm.fault or "")
    assert refused(arm) and at_rest(robot) and is_still(robot)
    assert arm.diagnostics["errors"] == "joint_reflex"
    arm.rearm()
    assert arm.fault is None and is_still(robot)
    drive(arm, -0.1, 3)


def test_after_a_user_stop_rearming_asks_for_the_button_first(robot: Emulator, arm: FrankaArm) -> None:
    drive(arm, 0.2, 5)
    robot.do("user_stop", pressed=True)
    assert wait_until(lambda: arm.fault is not None) and "user stop" in (arm.fault or "")
    with pytest.raises(DeviceError, match="pull the button out"):
        arm.rearm()
    robot.do("user_stop", pressed=False)
    assert at_rest(robot) and is_still(robot) and refused(arm)
    assert wait_until(lambda: rearmed(arm))
    drive(arm, -0.1, 3)


@pytest.mark.parametrize("fault", ["freeze", "unplug"])
def test_a_lost_link_is_told_and_mended_by_itself_but_nothing_moves_until_rearmed(
    robot: Emulator, arm: FrankaArm, fault: str
) -> None:
    drive(arm, 0.2, 5)
    robot.do("faults", **{fault: True})
    assert wait_until(lambda: arm.fault is not None)
    assert at_rest(robot)
    time.sleep(1.0)
    robot.do("faults", **{fault: False})
    assert is_still(robot)
    assert wait_until(lambda: readable(arm)) and refused(arm) and is_still(robot)
    assert wait_until(lambda: rearmed(arm)) and is_still(robot)
    drive(arm, -0.1, 3)


def test_lost_state_packets_are_survived(robot: Emulator, arm: FrankaArm) -> None:
    robot.do("faults", drop=0.02)
    drive(arm, 0.2, 5)
    drive(arm, -0.2, 5)
    assert arm.fault is None


def test_a_child_that_dies_is_told_and_replaced(robot: Emulator, arm: FrankaArm) -> None:
    drive(arm, 0.1, 3)
    (child,) = [process for process in psutil.Process().children() if "drivers.franka_child" in process.cmdline()]
    child.kill()
    assert wait_until(lambda: arm.fault is not None)
    assert wait_until(lambda: readable(arm)) and at_rest(robot)
    assert wait_until(lambda: rearmed(arm))
    drive(arm, -0.1, 3)


def test_an_address_where_nobody_answers_is_named_with_the_way_out() -> None:
    with pytest.raises(DeviceError, match=r"127\.250\.250\.250:1337.*Desk"):
        make_arm("127.250.250.250").connect()
