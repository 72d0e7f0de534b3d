"""Universal Robots e-Series arms, by ur-rtde in a child process: joint targets are streamed with ``servoj``.

The driver tells a protective stop, an emergency stop, a lost link and a lost child as a fault, which stays until a
person re-arms. Nothing of it is ever repaired while armed: after a fault the control program is gone."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from drivers.child_link import Program
from drivers.linked_arm import Controller, LinkedArm
from drivers.table import Cell
from drivers.ur_words import (
    EMERGENCY_BIT,
    KEEP_S,
    NORMAL_BITS,
    PLAYING,
    PROTECTIVE_BIT,
    ROBOT_RUNNING,
    Reading,
    Settings,
)
from robolearn.config import Key, Limit, Section
from robolearn.contracts import ArmSpec, ArmState, Clock, CommandMode, Float
from robolearn.errors import ConfigError
from robolearn.kinematics import Kinematics

NO_ANSWER = (
    "Check the cable, the address, and that the controller is on and lets RTDE through (Settings, Security, Services)."
)
SHORTEST_SILENCE_S = 2.5 * KEEP_S  # the child's own cycle and a packet's way come on top of that pause
JOINTS = 6
JOINT_RANGE_RAD = np.array([2 * np.pi, 2 * np.pi, np.pi, 2 * np.pi, 2 * np.pi, 2 * np.pi])
JOINT_SPEED_RAD_S = np.full(JOINTS, np.pi)  # of a UR5e


@dataclass(frozen=True)
class UrConfig:
    """The arm's section in a station's file."""

    host: Annotated[str, Key("address of the controller")]
    servo_lookahead_s: Annotated[float, Key("smooths the motion; longer is later", low=0.03, high=0.2)]
    servo_gain: Annotated[float, Key("how hard the arm pulls to its target", low=100.0, high=2000.0)]
    payload_kg: Annotated[float, Limit("mass of gripper and tool", low=0.0, high=5.0)]
    payload_centre_m: Annotated[tuple[float, float, float], Key("its centre in the flange frame", low=-0.5, high=0.5)]
    zero_wrench: Annotated[bool, Key("take the force at arming as none; the tool must then hang free")]
    silence_s: Annotated[
        float,
        Limit(
            "a controller silent for longer is a lost link; it judges the driver alike, who repeats a target only "
            f"after {KEEP_S} s, so that less than {SHORTEST_SILENCE_S} would end a healthy link",
            low=SHORTEST_SILENCE_S, high=1.0,
        ),
    ]  # fmt: skip


def arm(section: Section, cell: Cell) -> UrArm:
    """The arm of a station, not connected yet. Raises ConfigError."""
    if len(cell.joint_names) != JOINTS:
        raise ConfigError(f"station {cell.station}: a UR has {JOINTS} joints, joint_names has {len(cell.joint_names)}")
    if importlib.util.find_spec("rtde_control") is None:
        raise ConfigError("ur-rtde is not installed: in the checkout, pip install -e '.[arms]'")
    tcp_offset = tool_on_flange(cell.description, cell.joint_names)
    return UrArm(section.read(UrConfig), cell.joint_names, cell.control_hz, tcp_offset, cell.clock)


def tool_on_flange(description: Path, joint_names: tuple[str, ...]) -> Float:
    """The tool's frame in the flange's (6,): m and rotation vector."""
    zero = np.zeros(JOINTS)
    at_flange, flange = Kinematics(description, joint_names, "flange").tool_pose_base(zero)
    at_tool, tool = Kinematics(description, joint_names).tool_pose_base(zero)
    return np.concatenate([flange.T @ (at_tool - at_flange), cv2.Rodrigues(flange.T @ tool)[0].ravel()])


class UrArm(LinkedArm[Reading]):
    """Implements ``Arm``."""

    def __init__(
        self, config: UrConfig, joint_names: tuple[str, ...], control_hz: float, tcp_offset: Float, clock: Clock
    ) -> None:
        spec = ArmSpec(
            name="ur5e", joint_names=joint_names, joint_lower_rad=-JOINT_RANGE_RAD, joint_upper_rad=JOINT_RANGE_RAD,
            joint_velocity_limit_rad_s=JOINT_SPEED_RAD_S, control_hz=control_hz, modes=(CommandMode.JOINT_POSITION,),
            has_gripper=False, has_wrench=True, base_frame="base", tool_frame="tool",
        )  # fmt: skip
        settings = Settings(
            host=config.host, servo_period_s=1.0 / control_hz, servo_lookahead_s=config.servo_lookahead_s,
            servo_gain=config.servo_gain, watchdog_hz=1.0 / config.silence_s, payload_kg=config.payload_kg,
            payload_centre_m=config.payload_centre_m, tcp_offset=tuple(tcp_offset.tolist()),
            zero_wrench=config.zero_wrench,
        )  # fmt: skip
        controller = Controller(f"{config.host}:30004", config.silence_s, NO_ANSWER)
        super().__init__(spec, controller, Program("drivers.ur_child", settings.to_json()), Reading.unpack, clock)

    def _stands_against(self, reading: Reading) -> str | None:
        """As the safety bits and the robot mode tell it."""
        if reading.safety_bits & EMERGENCY_BIT:
            return "emergency stop: pull the button out, switch on and release the brakes on the pendant, then rearm"
        if reading.safety_bits & PROTECTIVE_BIT:
            return "protective stop: find its cause, then rearm"
        if not reading.safety_bits & NORMAL_BITS:
            return f"stopped by the controller's safety system (status {reading.safety_bits:#x}): look at the pendant"
        if reading.robot_mode != ROBOT_RUNNING:
            return f"no power (robot mode {reading.robot_mode}): switch on and release the brakes on the pendant"
        return None

    def _can_release(self, reading: Reading) -> bool:
        """A protective stop."""
        return bool(reading.safety_bits & PROTECTIVE_BIT) and not reading.safety_bits & EMERGENCY_BIT

    def _is_ready(self, reading: Reading) -> bool:
        """The control program runs."""
        return reading.runtime_state == PLAYING

    def _joints(self, reading: Reading) -> Float:
        """Joint angles (6,)."""
        return np.array(reading.joint_position)

    def _state(self, reading: Reading) -> ArmState:
        """With the wrench turned into the tool's frame."""
        return _state(reading)


def _state(reading: Reading) -> ArmState:
    rotation_base, _ = cv2.Rodrigues(np.array(reading.tool_pose[3:]))
    angle_rad = float(np.linalg.norm(reading.tool_pose[3:]))
    axis = np.array(reading.tool_pose[3:]) / max(angle_rad, 1e-12)
    force = np.array(reading.tool_force)
    return ArmState(
        stamp_ns=reading.stamp_ns,
        joint_position_rad=np.array(reading.joint_position),
        joint_velocity_rad_s=np.array(reading.joint_velocity),
        ee_position_base_m=np.array(reading.tool_pose[:3]),
        ee_quaternion_base_wxyz=np.array([np.cos(angle_rad / 2), *(np.sin(angle_rad / 2) * axis)]),
        gripper_opening=None,
        gripper_load=None,
        wrench_tool=np.concatenate([rotation_base.T @ force[:3], rotation_base.T @ force[3:]]),
    )
