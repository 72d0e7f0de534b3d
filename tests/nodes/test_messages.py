"""The types of the contracts go through messages and come back as they were; what is not measured stays so."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.contracts import (
    ArmCommand,
    ArmSpec,
    ArmState,
    CameraSpec,
    CommandMode,
    Frame,
    TeleopEvent,
    TeleopReading,
)
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import messages, raw_pictures, stamps
from robolearn.nodes.arm_spec import NAMES, TimeKind, from_spec, to_spec
from robolearn.nodes.health import Health, Stream
from robolearn.nodes.stamps import NS, Stamps, to_ns, to_time

JOINTS = ("pan", "lift")
SPEC = ArmSpec(
    "arm", JOINTS, np.array([-1.0, -2.0]), np.array([1.0, 2.0]), np.array([3.0, 4.0]), 50.0,
    (CommandMode.JOINT_POSITION,), True, True, "base", "tool",
)  # fmt: skip
FULL = ArmState(
    7 * NS + 1, np.array([0.1, math.pi]), np.array([0.2, -0.3]), np.array([0.1, 0.2, 0.3]),
    np.array([1.0, 0.0, 0.0, 0.0]), 0.25, -0.5, np.arange(6.0),
)  # fmt: skip
BARE = FULL._replace(joint_velocity_rad_s=None, gripper_opening=None, gripper_load=None, wrench_tool=None)
CAMERA = CameraSpec("front", 4, 3, 10.0, "front_camera")
SIMULATED = Stamps(simulated=True)


def over_the_wire(message: object) -> object:
    """As it is received."""
    return None if message is None else deserialize_message(serialize_message(message), type(message))


@pytest.mark.parametrize("state", [FULL, BARE, FULL._replace(gripper_load=None)], ids=["full", "bare", "no load"])
def test_a_reading_comes_back_as_it_was(state: ArmState) -> None:
    sent = messages.from_state(state, SPEC, SIMULATED)
    received = messages.StateMessages(*map(over_the_wire, sent))
    back = messages.to_state(received, SPEC, to_ns(received.joints.header.stamp))
    assert received.pose.header == received.joints.header
    for name, before, after in zip(ArmState._fields, state, back, strict=True):
        np.testing.assert_equal(after, before, name)


def test_a_command_comes_back_as_it_was_whatever_the_order_of_its_joints() -> None:
    command = ArmCommand(5 * NS, CommandMode.JOINT_POSITION, np.array([0.1, -0.2]), 0.5)
    message = messages.from_command(command, JOINTS, to_time(command.stamp_ns))
    message.joint_names.reverse()
    message.points[0].positions.reverse()
    back = messages.to_command(message, "arm/command", JOINTS, to_ns(message.header.stamp))
    np.testing.assert_array_equal(back.values, command.values)
    assert back._replace(values=command.values) == command


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (ArmCommand(0, CommandMode.EE_TWIST, np.zeros(6), None), "'ee_twist' does not go over topics"),
        (ArmCommand(0, CommandMode.JOINT_POSITION, np.zeros(3), None), "needs 2 joint targets"),
        (ArmCommand(0, CommandMode.JOINT_POSITION, np.zeros((1, 2)), None), "needs 2 joint targets"),
    ],
)
def test_what_is_no_target_of_these_joints_is_not_sent(command: ArmCommand, fault: str) -> None:
    with pytest.raises(BorderError, match=fault):
        messages.from_command(command, JOINTS, to_time(0))


@pytest.mark.parametrize("positions", [[0.1], [0.1, 0.2, 0.3]])
def test_a_command_with_more_or_fewer_values_than_names_is_refused(positions: list[float]) -> None:
    message = JointTrajectory(joint_names=list(JOINTS), points=[JointTrajectoryPoint(positions=positions)])
    with pytest.raises(BorderError, match=f"2 names and {len(positions)} values"):
        messages.to_command(message, "arm/command", JOINTS, 0)


@pytest.mark.parametrize(
    "answer",
    [
        messages.Answer((), "", ""),
        messages.Answer(("joint_range", "joint_speed"), "", ""),
        messages.Answer((), "too old", "BorderError"),
    ],
)
def test_an_answer_comes_back_as_it_was(answer: messages.Answer) -> None:
    assert messages.to_answer(over_the_wire(messages.from_answer(answer, "arm/clips", to_time(1)))) == answer


def test_a_picture_comes_back_as_it_was() -> None:
    frame = Frame(3 * NS, np.arange(36, dtype=np.uint8).reshape(3, 4, 3))
    message = serialize_message(messages.from_frame(frame, CAMERA, SIMULATED))
    back = raw_pictures.to_frame(message, "camera/front/image_raw", CAMERA, 3 * NS)
    np.testing.assert_array_equal(back.rgb, frame.rgb)
    assert back.stamp_ns == frame.stamp_ns and back.rgb.flags.writeable


def test_the_stamp_of_a_picture_is_read_without_unpacking_it() -> None:
    frame = Frame(3 * NS + 7, np.zeros((3, 4, 3), np.uint8))
    message = messages.from_frame(frame, CAMERA, SIMULATED)
    assert raw_pictures.stamp_of(serialize_message(message)) == message.header.stamp == to_time(3 * NS + 7)


@pytest.mark.parametrize("kept", [0, 11, 12, 30, -1])
def test_a_picture_that_is_cut_short_is_refused(kept: int) -> None:
    message = serialize_message(messages.from_frame(Frame(NS, np.zeros((3, 4, 3), np.uint8)), CAMERA, SIMULATED))
    with pytest.raises(BorderError, match="camera/front/image_raw: no sensor_msgs/msg/Image"):
        raw_pictures.to_frame(message[:kept], "camera/front/image_raw", CAMERA, NS)
    with pytest.raises(BorderError, match="bytes has no header") if 0 <= kept < 12 else nullcontext():
        raw_pictures.stamp_of(message[:kept])


@pytest.mark.parametrize("event", list(TeleopEvent))
def test_what_a_person_does_comes_back_as_it_was(event: TeleopEvent) -> None:
    reading = TeleopReading(NS, True, np.array([0.1, -1.0], np.float32), event)
    back = messages.to_reading(over_the_wire(messages.from_reading(reading, SIMULATED)), ("x", "y"), NS)
    np.testing.assert_array_equal(back.action, reading.action)
    assert back._replace(action=reading.action) == reading


@pytest.mark.parametrize(
    ("action", "names", "fault"),
    [
        ([0.1, 1.5], ("x", "y"), r"outside \[-1, 1\]"),
        ([0.1, float("nan")], ("x", "y"), "not finite"),
        ([0.1], ("x", "y"), "1 axes and 5 buttons, expected the 2 axes"),
    ],
)
def test_an_action_that_is_none_is_refused(action: list[float], names: tuple[str, ...], fault: str) -> None:
    reading = TeleopReading(NS, True, np.array(action, np.float32), TeleopEvent.NONE)
    with pytest.raises(BorderError, match=fault):
        messages.to_reading(messages.from_reading(reading, SIMULATED), names, NS)


def test_what_an_arm_is_comes_back_as_it_was_and_what_is_missing_is_named() -> None:
    values = [over_the_wire(value) for value in from_spec(SPEC, TimeKind.LOCK_STEP, NAMES)]
    back, kind = to_spec(values)
    assert kind is TimeKind.LOCK_STEP
    for name in SPEC.__dataclass_fields__:
        np.testing.assert_equal(getattr(back, name), getattr(SPEC, name), name)
    with pytest.raises(DeviceError, match="does not say name"):
        to_spec(from_spec(SPEC, TimeKind.LOCK_STEP, ["colour"]))


class Wall:
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.set_by_ns = 0

    def time_ns(self) -> int:
        """As the operating system tells it."""
        return time.time_ns() + self.set_by_ns

    def monotonic_ns(self) -> int:
        """Nobody can set this one."""
        return time.monotonic_ns()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wall]:
    """The wall clock of this process, which nobody may really set."""
    wall = Wall()
    monkeypatch.setattr(stamps, "time", wall)
    yield wall


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_wall_clock_that_is_set_spoils_what_is_in_flight_and_nothing_after_it(wall: Wall, step_s: int) -> None:
    clock = Stamps(simulated=False)
    now_ns = time.monotonic_ns()
    in_flight = clock.header(now_ns)
    assert abs(clock.internal(in_flight) - now_ns) < NS // 100 and clock.stepped_s() == 0.0
    wall.set_by_ns = step_s * NS
    assert abs(clock.internal(in_flight) - now_ns) > 3599 * NS
    assert clock.stepped_s() == pytest.approx(step_s, abs=0.1) and clock.stepped_s() == 0.0
    assert abs(clock.internal(clock.header(now_ns)) - now_ns) < NS // 100


def test_simulated_time_is_the_same_on_both_sides_of_the_border() -> None:
    assert to_ns(SIMULATED.header(7 * NS + 9)) == SIMULATED.internal(to_time(7 * NS + 9)) == 7 * NS + 9


def test_a_stream_counts_rate_jitter_age_and_what_is_missing() -> None:
    stream = Stream(rate_hz=10.0)
    for tenth in (0, 1, 2, 5, 6):
        stream.note(tenth * NS // 10, tenth * NS // 10 + 3_000_000)
    values = stream.values()
    assert float(values["rate_hz"]) == pytest.approx(1 / 0.15, rel=1e-3)
    assert float(values["age_ms"]) == pytest.approx(3.0) and float(values["jitter_ms"]) > 50.0
    assert values["drops"] == "2" and stream.values() == {"rate_hz": "0", "drops": "2"}


def test_an_error_is_told_once_as_an_error_and_then_as_the_last_one() -> None:
    health = Health("/arm_node")
    health.error("the cable is off")
    first, second = health.report({}), health.report({})
    assert (first.level, first.message) == (b"\x02", "the cable is off")
    assert (second.level, second.message) == (b"\x00", "ok")
    assert {pair.key: pair.value for pair in second.values}["last_error"] == "the cable is off"
