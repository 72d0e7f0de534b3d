"""The virtual FR3 in lock-step: what moves it, what stops it, and what it tells; packets byte for byte."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from robolearn.contracts import Float
from robolearn.descriptions import description
from robolearn.errors import BorderError
from robolearn.kinematics import Kinematics
from sim.wire.franka import limits
from sim.wire.franka.body import CYCLE_S, JOINTS, FrankaBody
from sim.wire.franka.packets import (
    ERRORS,
    ROBOT_FRAMING,
    STATE,
    STATE_FIELDS,
    Command,
    Error,
    Generator,
    MoveStatus,
    RobotCommand,
    RobotMode,
)
from sim.wire.franka.robot import MOST_LOST, FrankaRobot
from sim.wire.franka.session import RobotSession

READY_RAD = np.array([0.0, -0.7854, 0.0, -2.3562, 0.0, 1.5708, 0.7854])
ZEROS = (0.0,) * 7
RAMP_RAD_S2 = 8.0


@pytest.fixture
def robot() -> FrankaRobot:
    """At the maker's ready pose, at rest."""
    return FrankaRobot(FrankaBody(description("fr3")), READY_RAD)


def told(robot: FrankaRobot, name: str) -> tuple[float, ...]:
    """A field of the robot's state."""
    start = 1 + sum(size for field, size in list(STATE_FIELDS.items())[: list(STATE_FIELDS).index(name)])
    return STATE.unpack(robot.state())[start : start + STATE_FIELDS[name]]


def errors(robot: FrankaRobot) -> list[Error]:
    """Those that its state tells."""
    flags = STATE.unpack(robot.state())[-2 - 2 * ERRORS : -2 - ERRORS]
    return [Error(at) for at, is_set in enumerate(flags) if is_set]


def start(robot: FrankaRobot) -> None:
    """Begin a motion, up to the first state that tells of it."""
    assert robot.start(Generator.JOINT_VELOCITY) is MoveStatus.STARTED
    robot.cycle()


def follow(robot: FrankaRobot, speed_rad_s: float, cycles: int) -> float:
    """Answer each state with a speed of the first joint that rises to ``speed_rad_s``; returns the last."""
    speed = 0.0
    for _ in range(cycles):
        speed += float(np.clip(speed_rad_s - speed, -RAMP_RAD_S2 * CYCLE_S, RAMP_RAD_S2 * CYCLE_S))
        robot.take(RobotCommand(robot.message_id, ZEROS, (speed, *ZEROS[1:]), False))
        robot.cycle()
    return speed


def travelled(robot: FrankaRobot) -> float:
    """Of the first joint [rad]."""
    return float(robot.body.position_rad[0] - READY_RAD[0])


def test_the_flange_is_where_the_published_parameters_put_it() -> None:
    """Craig's parameters as the maker publishes them."""
    a, d = (0, 0, 0, 0.0825, -0.0825, 0, 0.088, 0), (0.333, 0, 0.316, 0, 0.384, 0, 0, 0.107)
    alpha = np.array([0, -1, 1, 1, -1, 1, 1, 0]) * np.pi / 2
    kinematics = Kinematics(description("fr3"), JOINTS, "flange")
    for q in (READY_RAD, np.array([0.3, -0.4, 0.5, -1.8, -0.7, 2.1, 0.9])):
        at = np.eye(4)
        for a_i, d_i, alpha_i, theta in zip(a, d, alpha, [*q, 0.0], strict=True):
            at = at @ _craig(a_i, d_i, alpha_i, theta)
        position, rotation = kinematics.tool_pose_base(q)
        np.testing.assert_allclose(position, at[:3, 3], atol=1e-6)
        np.testing.assert_allclose(rotation, at[:3, :3], atol=1e-6)


def _craig(a: float, d: float, alpha: float, theta: float) -> Float:
    ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(alpha), np.sin(alpha)
    return np.array([[ct, -st, 0, a], [st * ca, ct * ca, -sa, -d * sa], [st * sa, ct * sa, ca, d * ca], [0, 0, 0, 1.0]])


def test_a_state_has_the_size_and_the_places_of_the_interface(robot: FrankaRobot) -> None:
    robot.cycle()
    values = STATE.unpack(robot.state())
    assert STATE.size == 1377 and values[0] == robot.message_id == 1
    np.testing.assert_allclose(told(robot, "q"), READY_RAD, atol=1e-4)
    assert not errors(robot) and values[-2] == RobotMode.IDLE


def test_a_motion_of_speeds_moves_the_arm_and_ends_where_it_is_told(robot: FrankaRobot) -> None:
    start(robot)
    follow(robot, 0.5, 500)
    assert travelled(robot) == pytest.approx(0.5 * 0.5 - 0.5**2 / (2 * RAMP_RAD_S2), abs=0.01)
    robot.take(RobotCommand(robot.message_id, ZEROS, ZEROS, True))
    robot.cycle()
    assert robot.ended is MoveStatus.SUCCESS and robot.mode is RobotMode.IDLE
    for _ in range(300):
        robot.cycle()
    assert robot.still and np.abs(robot.body.velocity_rad_s).max() < 0.01


def test_twenty_lost_commands_in_a_row_are_a_reflex_and_less_are_made_up_for(robot: FrankaRobot) -> None:
    start(robot)
    follow(robot, 0.5, 200)
    for _ in range(MOST_LOST - 1):
        robot.cycle()
    assert robot.mode is RobotMode.MOVE
    robot.cycle()
    assert robot.mode is RobotMode.REFLEX and robot.ended is MoveStatus.REFLEX_ABORTED
    assert errors(robot) == [Error.COMMUNICATION_CONSTRAINTS]


def test_a_command_for_an_older_state_counts_for_nothing(robot: FrankaRobot) -> None:
    start(robot)
    follow(robot, 0.1, 5)
    robot.take(RobotCommand(robot.message_id - 1, ZEROS, ZEROS, True))
    assert not robot.commanded
    robot.cycle()
    assert robot.mode is RobotMode.MOVE


@pytest.mark.parametrize(
    ("speed", "error"), [(0.5, Error.VELOCITY_DISCONTINUITY), (3.0, Error.VELOCITY_LIMITS)], ids=["jump", "too fast"]
)
def test_a_command_beyond_the_limits_is_a_reflex(robot: FrankaRobot, speed: float, error: Error) -> None:
    start(robot)
    robot.take(RobotCommand(robot.message_id, ZEROS, (speed, *ZEROS[1:]), False))
    robot.cycle()
    assert errors(robot) == [error] and robot.mode is RobotMode.REFLEX


def test_a_reflex_stops_the_arm_until_it_is_recovered_from(robot: FrankaRobot) -> None:
    start(robot)
    follow(robot, 0.5, 200)
    robot.reflex(Error.JOINT_REFLEX)
    for _ in range(300):
        robot.cycle()
    assert robot.still and robot.start(Generator.JOINT_VELOCITY) is MoveStatus.NOT_POSSIBLE
    assert robot.recover() and not robot.recovered
    for _ in range(200):
        robot.cycle()
    assert robot.mode is RobotMode.IDLE and robot.start(Generator.JOINT_VELOCITY) is MoveStatus.STARTED


def test_a_user_stop_stands_against_recovery_and_goes_with_the_button(robot: FrankaRobot) -> None:
    start(robot)
    follow(robot, 0.5, 200)
    robot.user_stop(True)
    assert robot.ended is MoveStatus.EMERGENCY_ABORTED and not robot.recover()
    robot.user_stop(False)
    assert robot.mode is RobotMode.IDLE


def test_a_push_is_felt_with_the_sign_of_the_robot_and_trips_its_thresholds(robot: FrankaRobot) -> None:
    robot.body.push([0.0, 0.0, -15.0])
    for _ in range(300):
        robot.cycle()
    np.testing.assert_allclose(told(robot, "O_F_ext_hat_K")[:3], [0.0, 0.0, 15.0], atol=1.5)
    robot.force_threshold_n = np.full(6, 10.0)
    start(robot)
    robot.cycle()
    assert robot.mode is RobotMode.REFLEX


def test_speeds_are_bounded_towards_the_ends_of_the_joints() -> None:
    lowest, highest = limits.speed_ranges(limits.UPPER_RAD)
    assert not highest.any() and (lowest == -limits.SPEED_RAD_S).all()


def test_another_version_is_told_ours_and_nonsense_is_refused(robot: FrankaRobot) -> None:
    session = RobotSession(robot, "<robot/>", lambda port, data: None)
    answer = session.receive(ROBOT_FRAMING.packet(Command.CONNECT, 7, struct.pack("<HH", 5, 4000)))
    assert answer == bytes.fromhex("00000000 07000000 0f000000 01 0a00")
    assert session.due() == b""
    for nonsense in (ROBOT_FRAMING.packet(99, 0), ROBOT_FRAMING.packet(Command.MOVE, 0, b"abc"), b"\0" * 12):
        with pytest.raises(BorderError):
            RobotSession(robot, "", lambda port, data: None).receive(nonsense)
