"""A leader arm: a person moves a small arm by hand, and the follower's tool makes the same motion.

It is taken by moving it and let go by holding it still. Only how it moves counts, never where it is, so that nothing
jumps when it is taken; moved further than the follower may go, it leads no further than ``reference_lead_m``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from calibration.joints import ServoScale
from drivers.dynamixel import DxlServos
from drivers.dynamixel_setup import DynamixelConfig
from drivers.feetech import SPEED_RAD_S, StsServos
from drivers.feetech_config import FeetechConfig
from drivers.servo_arm import GRIPPER as GRIPPER_SERVO
from drivers.servo_arm import ArmParts, ServoArm
from drivers.servos import Servos
from drivers.table import Cell
from robolearn.actions import ACTION_NAMES, GRIPPER
from robolearn.config import Key, Section
from robolearn.contracts import Arm, ArmState, Clock, Float, TeleopEvent, TeleopReading
from robolearn.descriptions import description
from robolearn.errors import BorderError, ConfigError, unknown
from robolearn.kinematics import Kinematics
from robolearn.reference import ActionConfig, tool_yaw

LEVER_M = 0.1  # a radian of turning counts as a tenth of a metre of moving
TAKEN = 0.15  # change of the gripper, share of its range, that takes the arm
CAUGHT = 0.1  # how near the gripper must come to the follower's to catch it, in action values
LONGEST_S = 0.2


@dataclass(frozen=True)
class LeaderConfig:
    """A leader arm."""

    bus: Annotated[Section, Key("its servos: 'driver' and that driver's settings, as for an arm")]
    scale: Annotated[float, Key("how far the follower goes for a metre of the leader", low=0.1, high=3.0)] = 1.0
    description: Annotated[str | None, Key("arm description of the leader; null: that of the follower")] = None
    taken_m_s: Annotated[float, Key("faster than this, the person has taken it [m/s]", low=0.005, high=0.5)] = 0.03
    hold_s: Annotated[float, Key("still for so long, the person has let it go [s]", low=0.1, high=10.0)] = 0.5


class Leader:
    """Implements ``Teleop`` on an arm that is limp."""

    def __init__(
        self, arm: Arm, kinematics: Kinematics, config: LeaderConfig, action: ActionConfig, clock: Clock
    ) -> None:
        self._arm, self._kinematics, self._config, self._action, self._clock = arm, kinematics, config, action, clock
        self._grip = 0.0  # what the follower's gripper was last told
        self._before: _Felt | None = None
        self._rest_grip: float | None = None
        self._engaged = self._has_caught = False
        self._moved_ns = 0
        self._passed_s = 0.0
        self._owed: Float = np.zeros(4)  # motion [m, rad] that the follower has not been asked for yet

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Let the leader down and take its torque away. Raises DeviceError."""
        self._arm.connect()

    def close(self) -> None:
        """Release the bus; may be called twice, and before connect."""
        self._arm.close()

    def begin(self, seed: int) -> None:
        """An episode starts with nobody driving."""
        self._forget()

    def keep_gripper(self, value: float) -> None:
        """The gripper is commanded to ``value`` in [-1, 1] by somebody else: a takeover starts from there."""
        self._grip, self._has_caught = value, False

    def read(self) -> TeleopReading:
        """How the leader has moved since the last reading. Raises DeviceError while it does not answer."""
        now, before = self._felt(self._arm.read()), self._before
        self._before = now
        action = np.zeros(len(ACTION_NAMES), np.float32)
        if before is not None and now.stamp_ns > before.stamp_ns:
            self._follow(before, now)
        if self._engaged:
            action[:GRIPPER] = self._owed_action()
            action[GRIPPER] = self._grip
        return TeleopReading(self._clock.now_ns(), self._engaged, action, TeleopEvent.NONE)

    def _forget(self) -> None:
        self._before = self._rest_grip = None
        self._engaged = self._has_caught = False
        self._owed = np.zeros(4)

    def _felt(self, state: ArmState) -> _Felt:
        if state.gripper_opening is None:
            raise BorderError("leader: its arm must measure the gripper's opening")
        position, rotation = self._kinematics.tool_pose_base(state.joint_position_rad)
        return _Felt(state.stamp_ns, position, tool_yaw(rotation), 2.0 * state.gripper_opening - 1.0)

    def _follow(self, before: _Felt, now: _Felt) -> None:
        """Take in one step of the leader."""
        passed_ns = now.stamp_ns - before.stamp_ns
        self._passed_s = min(passed_ns * 1e-9, LONGEST_S)
        turned = math.remainder(now.yaw_rad - before.yaw_rad, math.tau)
        step = np.append(now.position_base_m - before.position_base_m, turned)
        speed = float(np.linalg.norm([*step[:3], turned * LEVER_M])) / (passed_ns * 1e-9)
        self._rest_grip = now.grip if self._rest_grip is None else self._rest_grip
        if speed > self._config.taken_m_s or abs(now.grip - self._rest_grip) > TAKEN:
            self._moved_ns, self._engaged, self._rest_grip = now.stamp_ns, True, now.grip
        elif now.stamp_ns - self._moved_ns > self._config.hold_s * 1e9:
            self._engaged, self._rest_grip = False, now.grip
        self._owed = self._bounded(self._owed + self._config.scale * step) if self._engaged else np.zeros(4)
        self._catch(before.grip, now.grip)

    def _bounded(self, owed: Float) -> Float:
        """No more than the follower's reference may run ahead anyway."""
        length = float(np.linalg.norm(owed[:3]))
        lead_m = self._action.reference_lead_m
        return owed if length <= lead_m else np.append(owed[:3] * (lead_m / length), owed[3])

    def _owed_action(self) -> Float:
        """As much of what is owed as full speed allows; it is then no longer owed."""
        config = self._action
        full = np.array([*[config.linear_speed_m_s] * 3, config.yaw_speed_rad_s]) * max(self._passed_s, 1e-3)
        action = np.clip(self._owed / full, -1.0, 1.0)
        self._owed = self._owed - action * full
        return action

    def _catch(self, before: float, now: float) -> None:
        """The gripper follows the leader's once that has come to where it is, or past it."""
        passed = min(before, now) - CAUGHT <= self._grip <= max(before, now) + CAUGHT
        self._has_caught = self._engaged and (self._has_caught or passed)
        if self._has_caught:
            self._grip = min(max(now, -1.0), 1.0)


class _Felt(NamedTuple):
    stamp_ns: int
    position_base_m: Float
    yaw_rad: float
    grip: float  # -1 closed .. 1 open


class Limp:
    """Servos that a person moves by hand: they keep their settings, and have no torque. Comes before their class."""

    is_held = False
    let_down: Callable[[], None]

    def set_up(self) -> None:
        """A leader keeps the settings it has."""

    def hold(self) -> None:
        """A leader is let down, slowly where it was held."""
        self.let_down()


class LimpStsServos(Limp, StsServos):
    """Of Feetech."""


class LimpDxlServos(Limp, DxlServos):
    """Of Dynamixel. From the factory they wait with each answer, which makes six of them slow: that much is set."""

    def hold(self) -> None:
        """Let down, and then told to answer at once."""
        super().hold()
        self.answer_at_once()


OnJoints = Callable[[tuple[str, ...]], Kinematics]


def feetech_leader(section: Section, cell: Cell, kinematics: OnJoints) -> ServoArm:
    """A leader of STS servos."""
    config = section.read(FeetechConfig)
    return _leader(config.servos, LimpStsServos(config), SPEED_RAD_S, cell, kinematics)


def dynamixel_leader(section: Section, cell: Cell, kinematics: OnJoints) -> ServoArm:
    """A leader of Dynamixels of the X series."""
    config = section.read(DynamixelConfig)
    return _leader(config.scales, LimpDxlServos(config), config.speed_rad_s, cell, kinematics)


def _leader(
    scales: Mapping[str, ServoScale], servos: Servos, speed_rad_s: float, cell: Cell, kinematics: OnJoints
) -> ServoArm:
    joints = tuple(name for name in scales if name != GRIPPER_SERVO)
    parts = ArmParts("leader", scales, speed_rad_s, on_close="hold")
    return ServoArm(parts, servos, joints, cell.control_hz, kinematics(joints), cell.clock)


LEADERS = {"dynamixel": dynamixel_leader, "feetech": feetech_leader}


def teleop(section: Section, cell: Cell, arm: Arm) -> Leader:
    """The leader that ``section`` describes."""
    config = section.read(LeaderConfig)
    name, settings = config.bus.split("driver")
    if name not in LEADERS:
        raise ConfigError(f"{settings.source}: {settings.name}: {unknown('leader driver', name, LEADERS)}")
    path = cell.description if config.description is None else description(config.description)
    leader = LEADERS[name](settings, cell, lambda joints: Kinematics(path, joints))
    own = Kinematics(path, leader.spec.joint_names)
    return Leader(leader, own, config, cell.action, cell.clock)
