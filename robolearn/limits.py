"""What a cell allows its arm: ranges and rates of its joints, speed and boxes for its tool, loads, times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np

from robolearn.config import Limit
from robolearn.contracts import ArmSpec, CommandMode
from robolearn.errors import ConfigError

JOINT_RANGE = "joint_range"
JOINT_SPEED = "joint_speed"
JOINT_ACCELERATION = "joint_acceleration"
JOINT_JERK = "joint_jerk"
JOINT_LEAD = "joint_lead"
TOOL_SPEED = "tool_speed"
WORKSPACE = "workspace"
KEEP_OUT = "keep_out"
GRIPPER_RANGE = "gripper_range"
GRIPPER_LOAD = "gripper_load"
WATCHDOG = "watchdog"  # the arm was held still before this command, because the last one had grown too old
CLIP_CODES = (
    JOINT_RANGE, JOINT_SPEED, JOINT_ACCELERATION, JOINT_JERK, JOINT_LEAD, TOOL_SPEED, WORKSPACE, KEEP_OUT,
    GRIPPER_RANGE, GRIPPER_LOAD, WATCHDOG,
)  # fmt: skip

NONE_MEASURED: Literal["none_measured"] = "none_measured"
Load = float | Literal["none_measured"]  # a limit of something that not every arm measures
_OF_JOINTS = ("joint_speed_rad_s", "joint_acceleration_rad_s2", "joint_jerk_rad_s3", "joint_lead_rad")


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in the base frame, corners (x, y, z) [m]."""

    min_base_m: tuple[float, float, float]
    max_base_m: tuple[float, float, float]

    def __post_init__(self) -> None:
        """Raise ConfigError unless all corners are finite and every side is longer than zero."""
        corners = (self.min_base_m, self.max_base_m)
        if any(len(corner) != 3 for corner in corners):
            raise ConfigError(f"box: corners need 3 numbers (x, y, z) [m], got {corners}")
        _check_order("box", *corners)

    def keeps(self, start: Sequence[float], end: Sequence[float]) -> bool:
        """True if ``end`` is inside, or along no axis further out than ``start``. False for NaN."""
        axes = zip(start, end, self.min_base_m, self.max_base_m, strict=True)
        return all(min(low, a) <= b <= max(high, a) for a, b, low, high in axes)

    def depth(self, point: Sequence[float]) -> float:
        """Distance [m] of a point inside to its nearest side; zero or less outside."""
        axes = zip(point, self.min_base_m, self.max_base_m, strict=True)
        return min(min(value - low, high - value) for value, low, high in axes)

    def too_near_a_side(
        self, tool: Sequence[float], start: Sequence[float], end: Sequence[float], share: float
    ) -> bool:
        """True if a step inside brings a target nearer to a side than ``share`` of the distance of ``tool`` to it."""
        axes = zip(tool, start, end, self.min_base_m, self.max_base_m, strict=True)
        return any(
            (b < a and b - low < share * (at - low)) or (b > a and high - b < share * (high - at))
            for at, a, b, low, high in axes
        )

    def too_near_from_outside(
        self, tool: Sequence[float], start: Sequence[float], end: Sequence[float], share: float
    ) -> bool:
        """True if a step outside brings a target nearer to this box than ``share`` of the distance of ``tool``."""
        after_m = -self.depth(end)
        return after_m < -self.depth(start) and after_m < share * -self.depth(tool)

    def entered(self, start: Sequence[float], end: Sequence[float]) -> bool:
        """True if the straight way from ``start`` to ``end`` leads inside, or deeper inside."""
        depth = self.depth(start)
        if depth > 0.0:
            return self.depth(end) > depth
        enter, leave = 0.0, 1.0
        for a, b, low, high in zip(start, end, self.min_base_m, self.max_base_m, strict=True):
            if a == b and not low < a < high:
                return False
            if a != b:
                crossings = (low - a) / (b - a), (high - a) / (b - a)
                enter, leave = max(enter, min(crossings)), min(leave, max(crossings))
        return enter < leave


@dataclass(frozen=True)
class Limits:
    """The limits of one arm in one cell. A limit that nobody chose protects nobody: there are no defaults."""

    joint_lower_rad: Annotated[tuple[float, ...], Limit("lower end of each joint's range [rad]")]
    joint_upper_rad: Annotated[tuple[float, ...], Limit("upper end of each joint's range [rad]")]
    joint_speed_rad_s: Annotated[tuple[float, ...], Limit("top speed of each joint [rad/s]")]
    joint_acceleration_rad_s2: Annotated[tuple[float, ...], Limit("speeding up; slowing down is free [rad/s^2]")]
    joint_jerk_rad_s3: Annotated[tuple[float, ...], Limit("growth of acceleration while speeding up [rad/s^3]")]
    joint_lead_rad: Annotated[
        tuple[float, ...], Limit("how far ahead of a joint that stands still its target may stay [rad]")
    ]
    tool_speed_m_s: Annotated[float, Limit("top speed of the tool [m/s]")]
    workspace: Annotated[Box, Limit("box that the tool stays in")]
    keep_out: Annotated[tuple[Box, ...], Limit("boxes that the tool stays out of; [] if there is none")]
    tool_slack_m: Annotated[float, Limit("tool measured beyond these boxes (a moment twice) stops the arm [m]")]
    gripper_load: Annotated[Load, Limit("share of stall torque, or none_measured", 0.0, 1.0)]
    tool_force_n: Annotated[Load, Limit("force at the tool that stops the arm [N], or none_measured")]
    tool_torque_nm: Annotated[Load, Limit("torque at the tool that stops the arm [Nm], or none_measured")]
    command_max_age_s: Annotated[float, Limit("an older command is refused [s]")]
    watchdog_s: Annotated[float, Limit("hold still after so long without a command; oldest reading to start from [s]")]

    def __post_init__(self) -> None:
        """Raise ConfigError naming the first limit that is missing a joint, not finite, or empty."""
        joints = len(self.joint_lower_rad)
        for name in ("joint_upper_rad", *_OF_JOINTS):
            if len(getattr(self, name)) != joints:
                raise ConfigError(f"{name}: needs one number per joint, {joints} as in joint_lower_rad")
        _check_order("joint_lower_rad, joint_upper_rad", self.joint_lower_rad, self.joint_upper_rad)
        for name in _OF_JOINTS:
            _check_positive(name, getattr(self, name))
        for name in ("tool_speed_m_s", "tool_slack_m", "command_max_age_s", "watchdog_s"):
            _check_positive(name, (getattr(self, name),))
        for name in ("gripper_load", "tool_force_n", "tool_torque_nm"):
            if getattr(self, name) != NONE_MEASURED:
                _check_positive(name, (getattr(self, name),))

    def narrow(self, spec: ArmSpec) -> ArmSpec:
        """``spec`` with these limits in place of the device's, and joint positions as its one mode.

        Raises ConfigError if the device takes no joint positions, or if it allows less than a limit."""
        if CommandMode.JOINT_POSITION not in spec.modes:
            raise ConfigError(f"{spec.name}: limits need an arm that takes joint positions; it has {spec.modes}")
        if len(self.joint_lower_rad) != len(spec.joint_names):
            joints = f"limits are for {len(self.joint_lower_rad)} joints"
            raise ConfigError(f"{spec.name}: {joints}, the arm has {len(spec.joint_names)}: {spec.joint_names}")
        lower, upper = np.array(self.joint_lower_rad, float), np.array(self.joint_upper_rad, float)
        speed = np.array(self.joint_speed_rad_s, float)
        for name, too_wide, device in (
            ("joint_lower_rad", lower < spec.joint_lower_rad, spec.joint_lower_rad),
            ("joint_upper_rad", upper > spec.joint_upper_rad, spec.joint_upper_rad),
            ("joint_speed_rad_s", speed > spec.joint_velocity_limit_rad_s, spec.joint_velocity_limit_rad_s),
        ):
            if too_wide.any():
                joints = ", ".join(np.array(spec.joint_names)[too_wide])
                raise ConfigError(f"{spec.name}: {name} allows more than the device, {device}, at {joints}")
        return replace(
            spec,
            joint_lower_rad=lower,
            joint_upper_rad=upper,
            joint_velocity_limit_rad_s=speed,
            modes=(CommandMode.JOINT_POSITION,),
        )


def _check_order(name: str, low: Sequence[float], high: Sequence[float]) -> None:
    if not all(map(math.isfinite, (*low, *high))) or not all(a < b for a, b in zip(low, high, strict=True)):
        raise ConfigError(f"{name}: must be finite and the lower below the upper, got {low} and {high}")


def _check_positive(name: str, values: Sequence[float]) -> None:
    if not values or not all(math.isfinite(value) and value > 0.0 for value in values):
        raise ConfigError(f"{name}: must be finite and above zero, got {values}")
