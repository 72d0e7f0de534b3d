"""Franka Research 3, by franky (libfranka) in a child process: joint targets become joint speeds, renewed 100 times a
second, of which libfranka's own loop makes commands at 1 kHz.

A reflex, a user stop, a lost link and a lost child are told as a fault, which stays until a person re-arms."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from drivers.child_link import Program
from drivers.franka_follower import JOINTS, SPEED_SHARE
from drivers.franka_words import GUIDING, IDLE, MOVE, RECOVERING, REFLEX, USER_STOPPED, Reading, Settings
from drivers.linked_arm import Controller, LinkedArm
from drivers.table import Cell
from robolearn.config import Key, Limit, Section
from robolearn.contracts import ArmSpec, ArmState, Clock, CommandMode, Float
from robolearn.errors import ConfigError
from robolearn.kinematics import Kinematics

# of the maker's URDF (franka_description, as libfranka 0.21 tests with it)
JOINT_LOWER_RAD = np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196])
JOINT_UPPER_RAD = np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196])
# what franky 2.0 lets through: the older Panda's, below the 2.62, 2.62, 2.62, 2.62, 5.26, 4.18 and 5.26 of an FR3
JOINT_SPEED_RAD_S = SPEED_SHARE * np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
NO_ANSWER = (
    "Check the cable, the address, that the joints are unlocked and FCI is activated in Desk, and that no other "
    "program has the robot."
)
MODES = {
    USER_STOPPED: "user stop: pull the button out, then rearm",
    GUIDING: "somebody guides the arm by hand: let it go, then rearm",
    RECOVERING: "the robot recovers from an error: wait, then rearm",
}


@dataclass(frozen=True)
class FrankaConfig:
    """The arm's section in a station's file."""

    host: Annotated[str, Key("address of the robot's controller")]
    realtime_kernel: Annotated[bool, Key("true: refuse to work without one, as the maker demands; false: for trials")]
    torque_threshold_nm: Annotated[float, Limit("load from outside on a joint that is a reflex", low=1.0, high=100.0)]
    force_threshold_n: Annotated[float, Limit("load from outside on the hand that is a reflex", low=1.0, high=150.0)]
    load_kg: Annotated[float, Limit("mass beyond the end effector that Desk knows of", low=0.0, high=3.0)]
    load_centre_m: Annotated[tuple[float, float, float], Key("its centre in the flange frame", low=-0.5, high=0.5)]
    silence_s: Annotated[float, Limit("a robot silent for longer is a lost link", low=0.02, high=1.0)]


def arm(section: Section, cell: Cell) -> FrankaArm:
    """The arm of a station, not connected yet. Raises ConfigError."""
    if len(cell.joint_names) != JOINTS:
        raise ConfigError(f"station {cell.station}: an FR3 has {JOINTS} joints, joint_names {len(cell.joint_names)}")
    require_franky()
    kinematics = Kinematics(cell.description, cell.joint_names)
    return FrankaArm(section.read(FrankaConfig), cell.joint_names, cell.control_hz, kinematics, cell.clock)


def require_franky() -> None:
    """Raise ConfigError unless the library is there."""
    if importlib.util.find_spec("franky") is None:
        raise ConfigError("franky-control is not installed: in the checkout, pip install -e '.[arms]'")


class FrankaArm(LinkedArm[Reading]):
    """Implements ``Arm``. The tool's pose is that of ``kinematics``, whatever end effector Desk knows of."""

    def __init__(
        self, config: FrankaConfig, joint_names: tuple[str, ...], control_hz: float, kinematics: Kinematics,
        clock: Clock,
    ) -> None:  # fmt: skip
        spec = ArmSpec(
            name="fr3", joint_names=joint_names, joint_lower_rad=JOINT_LOWER_RAD, joint_upper_rad=JOINT_UPPER_RAD,
            joint_velocity_limit_rad_s=JOINT_SPEED_RAD_S, control_hz=control_hz, modes=(CommandMode.JOINT_POSITION,),
            has_gripper=False, has_wrench=True, base_frame="base", tool_frame="tool",
        )  # fmt: skip
        settings = Settings(
            config.host, config.realtime_kernel, config.torque_threshold_nm, config.force_threshold_n, config.load_kg,
            config.load_centre_m,
        )  # fmt: skip
        self._kinematics = kinematics
        controller = Controller(f"{config.host}:1337", config.silence_s, NO_ANSWER)
        super().__init__(spec, controller, Program("drivers.franka_child", settings.to_json()), Reading.unpack, clock)

    @property
    def diagnostics(self) -> dict[str, object]:
        """What the robot says of itself, and how many of the last commands reached it in time."""
        reading = None if self._link is None else self._link.newest
        if reading is None:
            return {"fault": self.fault}
        errors = reading.errors or None
        return {"fault": self.fault, "mode": reading.mode, "errors": errors, "success_rate": reading.success_rate}

    def _stands_against(self, reading: Reading) -> str | None:
        """As mode and error flags tell it."""
        if reading.mode == REFLEX or reading.errors:
            return f"reflex ({reading.errors or 'of unknown cause'}): find its cause, then rearm"
        if reading.mode not in (IDLE, MOVE):
            return MODES.get(reading.mode, f"not ready (mode {reading.mode}): unlock the joints in Desk, then rearm")
        if reading.ended:
            return f"the robot has ended the motion ({reading.ended}): find the cause, then rearm"
        return None

    def _can_release(self, reading: Reading) -> bool:
        """A reflex, or a motion that has ended."""
        return reading.mode in (IDLE, MOVE, REFLEX)

    def _is_ready(self, reading: Reading) -> bool:
        """Nothing of the robot's own has stopped it."""
        return self._stands_against(reading) is None

    def _joints(self, reading: Reading) -> Float:
        """Joint angles (7,)."""
        return np.array(reading.joint_position)

    def _state(self, reading: Reading) -> ArmState:
        """With the wrench as the world exerts it on the tool, in the tool's frame."""
        joints = self._joints(reading)
        with self._lock:
            position, rotation = self._kinematics.tool_pose_base(joints)
            _, quaternion = self._kinematics.tool_quaternion_base(joints)
        force, torque = -np.array(reading.wrench[:3]), -np.array(reading.wrench[3:])
        torque = torque + np.cross(np.array(reading.contact_point) - position, force)
        return ArmState(
            stamp_ns=reading.stamp_ns,
            joint_position_rad=joints,
            joint_velocity_rad_s=np.array(reading.joint_velocity),
            ee_position_base_m=position,
            ee_quaternion_base_wxyz=quaternion,
            gripper_opening=None,
            gripper_load=None,
            wrench_tool=np.concatenate([rotation.T @ force, rotation.T @ torque]),
        )
