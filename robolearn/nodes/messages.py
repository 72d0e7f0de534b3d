"""The types of the contracts as standard messages, and back. What does not fit is a BorderError that names the topic.

What a device does not measure is NaN within an array that cannot leave it out, and an empty array otherwise.
"""

from __future__ import annotations

import array
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point, PoseStamped, Quaternion, WrenchStamped
from sensor_msgs.msg import Image, JointState, Joy
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.contracts import (
    ArmCommand,
    ArmSpec,
    ArmState,
    CameraSpec,
    CommandMode,
    Float,
    Frame,
    TeleopEvent,
    TeleopReading,
)
from robolearn.errors import BorderError
from robolearn.nodes import topics
from robolearn.nodes.stamps import Stamps

GRIPPER = "gripper"
ENCODING = "rgb8"
EVENTS = (TeleopEvent.SUCCESS, TeleopEvent.FAILURE, TeleopEvent.RERECORD, TeleopEvent.ABORT)  # buttons after "engaged"
REFUSED = "refused"  # key of a value that names the class of the refusal


class Answer(NamedTuple):
    """What became of a command besides its values."""

    clips: tuple[str, ...]
    refusal: str  # empty: it was taken
    refused_as: str  # name of the error class


class StateMessages(NamedTuple):
    """One reading of an arm, as it goes over the graph."""

    joints: JointState
    pose: PoseStamped
    wrench: WrenchStamped | None


def from_state(state: ArmState, spec: ArmSpec, stamps: Stamps) -> StateMessages:
    """Messages of a reading; all have its stamp."""
    stamp = stamps.header(state.stamp_ns)
    joints = JointState(header=Header(stamp=stamp, frame_id=spec.base_frame), name=list(spec.joint_names))
    joints.position = state.joint_position_rad.tolist()
    joints.velocity = [] if state.joint_velocity_rad_s is None else state.joint_velocity_rad_s.tolist()
    if state.gripper_opening is not None:
        joints.name.append(GRIPPER)
        joints.position.append(state.gripper_opening)
        joints.velocity.extend([math.nan] if joints.velocity else [])
        if state.gripper_load is not None:
            joints.effort = [math.nan] * len(spec.joint_names) + [state.gripper_load]
    pose = PoseStamped(header=Header(stamp=stamp, frame_id=spec.base_frame))
    pose.pose.position = Point(**dict(zip("xyz", state.ee_position_base_m.tolist(), strict=True)))
    pose.pose.orientation = Quaternion(**dict(zip("wxyz", state.ee_quaternion_base_wxyz.tolist(), strict=True)))
    return StateMessages(joints, pose, _from_wrench(state.wrench_tool, spec, stamp))


def to_state(messages: StateMessages, spec: ArmSpec, stamp_ns: int) -> ArmState:
    """A reading of its messages. Raises BorderError for another frame, a missing joint, or what is not finite."""
    joints, pose = messages.joints, messages.pose.pose
    check_frame(topics.EE_POSE.name, messages.pose.header.frame_id, spec.base_frame)
    name = topics.JOINT_STATES.name
    position = _picked(name, joints.name, joints.position, spec.joint_names)
    velocity = _picked(name, joints.name, joints.velocity, spec.joint_names) if len(joints.velocity) else None
    opening = _picked(name, joints.name, joints.position, (GRIPPER,))[0] if GRIPPER in joints.name else None
    felt = opening is not None and len(joints.effort) == len(joints.name)
    load = joints.effort[joints.name.index(GRIPPER)] if felt else None
    point, turn = pose.position, pose.orientation
    return ArmState(
        stamp_ns=stamp_ns,
        joint_position_rad=position,
        joint_velocity_rad_s=velocity,
        ee_position_base_m=_finite(topics.EE_POSE.name, (point.x, point.y, point.z)),
        ee_quaternion_base_wxyz=_finite(topics.EE_POSE.name, (turn.w, turn.x, turn.y, turn.z)),
        gripper_opening=None if opening is None else float(opening),
        gripper_load=None if load is None else float(_finite(name, (load,))[0]),
        wrench_tool=None if messages.wrench is None else _to_wrench(messages.wrench, spec),
    )


def from_command(command: ArmCommand, joint_names: Sequence[str], stamp: Time) -> JointTrajectory:
    """A joint target as a trajectory of one point. Raises BorderError unless it is a target of these joints."""
    values = np.asarray(command.values, float)
    if command.mode is not CommandMode.JOINT_POSITION:
        raise BorderError(f"mode {command.mode.value!r} does not go over topics. Valid: 'joint_position'.")
    if values.shape != (len(joint_names),):
        raise BorderError(f"a command needs {len(joint_names)} joint targets [rad], got {command.values!r}")
    names, positions = list(joint_names), values.tolist()
    if command.gripper_opening is not None:
        names.append(GRIPPER)
        positions.append(float(command.gripper_opening))
    message = JointTrajectory(header=Header(stamp=stamp), joint_names=names)
    message.points = [JointTrajectoryPoint(positions=positions)]
    return message


def to_command(message: JointTrajectory, topic: str, joint_names: Sequence[str], stamp_ns: int) -> ArmCommand:
    """A joint target of a trajectory. Raises BorderError unless it is one point with each joint once."""
    if len(message.points) != 1:
        raise BorderError(f"{topic}: needs one point, got {len(message.points)}")
    known = {*joint_names, GRIPPER}
    strange = [name for name in message.joint_names if name not in known]
    if strange or len(set(message.joint_names)) != len(message.joint_names):
        raise BorderError(f"{topic}: joints {list(message.joint_names)}, expected each of {sorted(known)} once")
    positions = message.points[0].positions
    values = _picked(topic, message.joint_names, positions, joint_names)
    gripper = GRIPPER in message.joint_names
    opening = float(_picked(topic, message.joint_names, positions, (GRIPPER,))[0]) if gripper else None
    return ArmCommand(stamp_ns, CommandMode.JOINT_POSITION, values, opening)


def from_answer(answer: Answer, who: str, stamp: Time) -> DiagnosticArray:
    """What became of the command with this stamp."""
    status = DiagnosticStatus(name=who, level=DiagnosticStatus.OK, message=answer.refusal or ", ".join(answer.clips))
    if answer.clips:
        status.level = DiagnosticStatus.WARN
        status.values = [KeyValue(key=clip, value="clipped") for clip in answer.clips]
    if answer.refusal:
        status.level = DiagnosticStatus.ERROR
        status.values = [KeyValue(key=REFUSED, value=answer.refused_as)]
    return DiagnosticArray(header=Header(stamp=stamp), status=[status])


def to_answer(message: DiagnosticArray) -> Answer:
    """What became of a command. Raises BorderError for a message that does not say."""
    if len(message.status) != 1:
        raise BorderError(f"an answer to a command has one status, got {len(message.status)}")
    status = message.status[0]
    if status.level == DiagnosticStatus.ERROR:
        return Answer((), status.message, next((pair.value for pair in status.values if pair.key == REFUSED), ""))
    return Answer(tuple(pair.key for pair in status.values), "", "")


def from_frame(frame: Frame, spec: CameraSpec, stamps: Stamps) -> Image:
    """A picture as a message."""
    message = Image(header=Header(stamp=stamps.header(frame.stamp_ns), frame_id=spec.frame))
    message.height, message.width = frame.rgb.shape[:2]
    message.encoding, message.step = ENCODING, 3 * message.width
    message.data = array.array("B", frame.rgb.tobytes())  # anything else is copied byte by byte
    return message


def from_reading(reading: TeleopReading, stamps: Stamps) -> Joy:
    """What a person does, as a message."""
    buttons = [int(reading.engaged), *(int(reading.event is event) for event in EVENTS)]
    header = Header(stamp=stamps.header(reading.stamp_ns))
    return Joy(header=header, axes=reading.action.astype(float).tolist(), buttons=buttons)


def to_reading(message: Joy, names: Sequence[str], stamp_ns: int) -> TeleopReading:
    """What a person does. Raises BorderError for another number of axes or buttons, or an action out of range."""
    topic = topics.TELEOP.name
    if len(message.axes) != len(names) or len(message.buttons) != 1 + len(EVENTS):
        counts = f"{len(message.axes)} axes and {len(message.buttons)} buttons"
        raise BorderError(f"{topic}: {counts}, expected the {len(names)} axes {names} and {1 + len(EVENTS)} buttons")
    action = _finite(topic, message.axes)
    if not (np.abs(action) <= 1.0).all():
        raise BorderError(f"{topic}: axes {action} are outside [-1, 1]")
    pressed = [event for event, down in zip(EVENTS, message.buttons[1:], strict=True) if down]
    event = pressed[0] if pressed else TeleopEvent.NONE
    return TeleopReading(stamp_ns, bool(message.buttons[0]), action.astype(np.float32), event)


def from_values(name: str, level: bytes, text: str, values: Mapping[str, object], hardware: str) -> DiagnosticStatus:
    """One entry of a diagnostic message."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(name=name, level=level, message=text, hardware_id=hardware, values=pairs)


def check_frame(topic: str, given: str, expected: str) -> None:
    """Raises BorderError if a message is in another frame."""
    if given != expected:
        raise BorderError(f"{topic}: in the frame {given!r}, expected {expected!r}")


def _from_wrench(wrench_tool: Float | None, spec: ArmSpec, stamp: Time) -> WrenchStamped | None:
    if wrench_tool is None:
        return None
    message = WrenchStamped(header=Header(stamp=stamp, frame_id=spec.tool_frame))
    force, torque = message.wrench.force, message.wrench.torque
    force.x, force.y, force.z, torque.x, torque.y, torque.z = wrench_tool.tolist()
    return message


def _to_wrench(message: WrenchStamped, spec: ArmSpec) -> Float:
    check_frame(topics.WRENCH.name, message.header.frame_id, spec.tool_frame)
    force, torque = message.wrench.force, message.wrench.torque
    return _finite(topics.WRENCH.name, (force.x, force.y, force.z, torque.x, torque.y, torque.z))


def _picked(topic: str, names: Sequence[str], values: Sequence[float], wanted: Sequence[str]) -> Float:
    """The values of the ``wanted`` names, finite and in this order."""
    if len(names) != len(values):
        raise BorderError(f"{topic}: {len(names)} names and {len(values)} values, expected as many of each")
    by_name = dict(zip(names, values, strict=True))
    lacking = [name for name in wanted if name not in by_name]
    if lacking:
        raise BorderError(f"{topic}: no value for {', '.join(lacking)}; it has {', '.join(by_name) or 'none'}")
    return _finite(topic, [by_name[name] for name in wanted])


def _finite(topic: str, values: Sequence[float]) -> Float:
    array_ = np.asarray(values, float)
    if not np.isfinite(array_).all():
        raise BorderError(f"{topic}: not finite: {array_}")
    return array_
