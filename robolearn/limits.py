"""What a cell allows its arm (joints, speeds, boxes for the tool), and how much of a step that leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from robolearn.contracts import ArmSpec, CommandMode, Float
from robolearn.errors import BorderError, ConfigError

JOINT_RANGE = "joint_range"
JOINT_SPEED = "joint_speed"
JOINT_ACCELERATION = "joint_acceleration"
WORKSPACE = "workspace"
KEEP_OUT = "keep_out"
GRIPPER_RANGE = "gripper_range"
WATCHDOG = "watchdog"  # the arm was held still before this command, because the last one had grown too old
CLIP_CODES = (JOINT_RANGE, JOINT_SPEED, JOINT_ACCELERATION, WORKSPACE, KEEP_OUT, GRIPPER_RANGE, WATCHDOG)

_BISECTIONS = 10  # the end of a blocked step is found to 1/1024 of the step
_ROUNDING = 1e-9  # a step this share too long is rounding, not a clip


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

    joint_lower_rad: tuple[float, ...]
    joint_upper_rad: tuple[float, ...]
    joint_speed_rad_s: tuple[float, ...]
    joint_acceleration_rad_s2: tuple[float, ...]  # speeding up; slowing down is never hindered
    workspace: Box  # of the tool
    keep_out: tuple[Box, ...]  # of the tool; () if there is none
    command_max_age_s: float
    watchdog_s: float  # commands silent for longer: hold still; also the oldest reading to start from

    def __post_init__(self) -> None:
        """Raise ConfigError naming the first limit that is missing a joint, not finite, or empty."""
        joints = len(self.joint_lower_rad)
        for name in ("joint_upper_rad", "joint_speed_rad_s", "joint_acceleration_rad_s2"):
            if len(getattr(self, name)) != joints:
                raise ConfigError(f"{name}: needs one number per joint, {joints} as in joint_lower_rad")
        _check_order("joint_lower_rad, joint_upper_rad", self.joint_lower_rad, self.joint_upper_rad)
        _check_positive("joint_speed_rad_s", self.joint_speed_rad_s)
        _check_positive("joint_acceleration_rad_s2", self.joint_acceleration_rad_s2)
        _check_positive("command_max_age_s", (self.command_max_age_s,))
        _check_positive("watchdog_s", (self.watchdog_s,))

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


class Kinematics(Protocol):
    """Where the tool is for given joints."""

    def tool_position_base_m(self, joint_position_rad: Float) -> Float:
        """Position (3,) of the tool frame in the base frame [m] for joints (J,) [rad]."""


class Step(NamedTuple):
    """The allowed part of a step: where it ends, and why it ends there."""

    target_rad: list[float]
    tool_base_m: list[float]
    clips: list[str]


class StepLimiter:
    """Shortens steps from the last executed target so that they keep all limits; knows no device.

    All joints of a step are shortened alike: the arm stays on the straight line (in joint space) to its goal.
    A step is given one control period at most: a burst gains no speed, a late command no longer step."""

    def __init__(self, limits: Limits, kinematics: Kinematics, period_s: float) -> None:
        self._limits, self._kinematics, self._period_s = limits, kinematics, period_s
        ranges = zip(limits.joint_lower_rad, limits.joint_upper_rad, strict=True)
        rates = zip(limits.joint_speed_rad_s, limits.joint_acceleration_rad_s2, strict=True)
        self._joints = tuple((*span, *rate) for span, rate in zip(ranges, rates, strict=True))

    def start(self, position_rad: list[float]) -> None:
        """Steps start from here, at rest. Raises BorderError if the tool position is not finite."""
        tool = self._tool_at(position_rad)
        if not all(map(math.isfinite, tool)):
            raise BorderError(f"tool position: not finite at joints {position_rad} [rad]: {tool} [m]")
        self._target, self._tool = position_rad, tool
        self._last_step = [0.0] * len(position_rad)
        self._last_dt_s = self._period_s

    def limit(self, requested_rad: list[float], elapsed_s: float) -> Step:
        """The longest allowed part of the step to ``requested_rad``, ``elapsed_s`` after the last one."""
        goal, clips = self._in_range(requested_rad)
        fraction = self._in_time(goal, elapsed_s, clips)
        target = self._along(goal, fraction)
        tool = self._tool_at(target)
        blocked = self._blocked(tool)
        if blocked is None:
            return Step(target, tool, clips)
        clips.append(blocked)
        return self._in_bounds(goal, fraction, clips)

    def advance(self, step: Step, executed_rad: list[float], elapsed_s: float) -> None:
        """What the device made of ``step`` is where the next one starts."""
        self._tool = step.tool_base_m if executed_rad == step.target_rad else self._tool_at(executed_rad)
        self._last_step = [end - start for end, start in zip(executed_rad, self._target, strict=True)]
        self._last_dt_s = min(elapsed_s, self._period_s)
        self._target = executed_rad

    def _in_range(self, requested: list[float]) -> tuple[list[float], list[str]]:
        goal, outside = [], False
        for wanted, start, (lower, upper, _, _) in zip(requested, self._target, self._joints, strict=True):
            goal.append(min(max(wanted, min(lower, start)), max(upper, start)))
            outside = outside or not lower <= wanted <= upper
        return goal, [JOINT_RANGE] if outside else []

    def _in_time(self, goal: list[float], elapsed_s: float, clips: list[str]) -> float:
        """Share of the step to ``goal`` that speed and acceleration allow. Slowing down is never hindered."""
        dt_s = min(elapsed_s, self._period_s)
        last_s = max(elapsed_s, self._last_dt_s)
        by_speed = by_acceleration = 1.0
        for end, start, last, (_, _, speed, acceleration) in zip(
            goal, self._target, self._last_step, self._joints, strict=True
        ):
            delta = end - start
            if delta == 0.0:
                continue
            speed_now = abs(last) / last_s if last * delta > 0.0 else 0.0
            by_speed = min(by_speed, speed * dt_s / abs(delta))
            by_acceleration = min(by_acceleration, (speed_now + acceleration * dt_s) * dt_s / abs(delta))
        if by_speed < 1.0 - _ROUNDING:
            clips.append(JOINT_SPEED)
        if by_acceleration < min(by_speed, 1.0 - _ROUNDING):
            clips.append(JOINT_ACCELERATION)
        return min(by_speed, by_acceleration)

    def _in_bounds(self, goal: list[float], blocked_at: float, clips: list[str]) -> Step:
        """The end of the free way, by bisection between standing still and the share known to be blocked."""
        free_at, target, tool = 0.0, self._target, self._tool
        for _ in range(_BISECTIONS):
            middle = 0.5 * (free_at + blocked_at)
            middle_target = self._along(goal, middle)
            middle_tool = self._tool_at(middle_target)
            blocked = self._blocked(middle_tool)
            if blocked is None:
                free_at, target, tool = middle, middle_target, middle_tool
            else:
                blocked_at = middle
                clips.append(blocked)
        return Step(list(target), tool, clips)

    def _along(self, goal: list[float], fraction: float) -> list[float]:
        if fraction >= 1.0:
            return goal
        return [start + fraction * (end - start) for end, start in zip(goal, self._target, strict=True)]

    def _tool_at(self, position_rad: list[float]) -> list[float]:
        tool: list[float] = self._kinematics.tool_position_base_m(np.array(position_rad)).tolist()
        return tool

    def _blocked(self, tool: list[float]) -> str | None:
        """Which rule forbids the straight way from the present tool position to ``tool`` [m], or None."""
        if not self._limits.workspace.keeps(self._tool, tool):
            return WORKSPACE
        if any(box.entered(self._tool, tool) for box in self._limits.keep_out):
            return KEEP_OUT
        return None


def _check_order(name: str, low: Sequence[float], high: Sequence[float]) -> None:
    if not all(map(math.isfinite, (*low, *high))) or not all(a < b for a, b in zip(low, high, strict=True)):
        raise ConfigError(f"{name}: must be finite and the lower below the upper, got {low} and {high}")


def _check_positive(name: str, values: Sequence[float]) -> None:
    if not values or not all(math.isfinite(value) and value > 0.0 for value in values):
        raise ConfigError(f"{name}: must be finite and above zero, got {values}")
