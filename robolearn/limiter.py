"""How much of a step the limits leave: from the last executed target towards a requested one."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from robolearn.contracts import Float
from robolearn.errors import BorderError
from robolearn.limits import (
    JOINT_ACCELERATION,
    JOINT_JERK,
    JOINT_RANGE,
    JOINT_SPEED,
    KEEP_OUT,
    TOOL_SPEED,
    WORKSPACE,
    Limits,
)

_BISECTIONS = 10  # the end of a blocked step is found to 1/1024 of the step
_LEFT = 0.4  # of the tool's distance to a side, that a target leaves: an arm overshoots by a share of how far it lags
_ROUNDING = 1e-9  # a step this share too long is rounding, not a clip


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
    Near the sides of its boxes the target waits for the tool: an arm that lags, is let go and swings, swings within.
    A step is given one control period at most: a burst gains no speed, a late command no longer step."""

    def __init__(self, limits: Limits, kinematics: Kinematics, period_s: float) -> None:
        self._limits, self._kinematics, self._period_s = limits, kinematics, period_s
        self._ranges = tuple(zip(limits.joint_lower_rad, limits.joint_upper_rad, strict=True))
        rates = (limits.joint_speed_rad_s, limits.joint_acceleration_rad_s2, limits.joint_jerk_rad_s3)
        self._rates = tuple(zip(*rates, strict=True))

    def start(self, position_rad: list[float]) -> None:
        """Steps start from here, at rest. Raises BorderError if the tool position is not finite."""
        tool = self._tool_at(position_rad)
        if not all(map(math.isfinite, tool)):
            raise BorderError(f"tool position: not finite at joints {position_rad} [rad]: {tool} [m]")
        self._target, self._tool, self._measured = position_rad, tool, tool
        self._last_step = [0.0] * len(position_rad)
        self._last_gain = [0.0] * len(position_rad)  # acceleration [rad/s^2] of the last step; 0 if it slowed down
        self._last_dt_s = self._period_s

    def watch(self, tool_base_m: list[float]) -> None:
        """The tool was measured here (3,) in the base frame [m]."""
        self._measured = tool_base_m

    def limit(self, requested_rad: list[float], elapsed_s: float) -> Step:
        """The longest allowed part of the step to ``requested_rad``, ``elapsed_s`` after the last one."""
        goal, clips = self._in_range(requested_rad)
        fraction = self._in_time(goal, elapsed_s, clips)
        dt_s = min(elapsed_s, self._period_s)
        target = self._along(goal, fraction)
        tool = self._tool_at(target)
        blocked = self._blocked(tool, dt_s)
        if blocked is None:
            return Step(target, tool, clips)
        clips.append(blocked)
        return self._in_bounds(goal, fraction, dt_s, clips)

    def way(self, step: Step) -> Float:
        """How far ``step`` goes (J,) [rad]."""
        return np.subtract(step.target_rad, self._target)

    def stay(self, clips: list[str]) -> Step:
        """No step at all, for the reasons in ``clips``."""
        return Step(list(self._target), self._tool, clips)

    def advance(self, step: Step, executed_rad: list[float], elapsed_s: float) -> None:
        """What the device made of ``step`` is where the next one starts."""
        dt_s, last_s = min(elapsed_s, self._period_s), max(elapsed_s, self._last_dt_s)
        moved = [end - start for end, start in zip(executed_rad, self._target, strict=True)]
        self._last_gain = [_gain(delta, last, dt_s, last_s) for delta, last in zip(moved, self._last_step, strict=True)]
        self._tool = step.tool_base_m if executed_rad == step.target_rad else self._tool_at(executed_rad)
        self._target, self._last_step, self._last_dt_s = executed_rad, moved, dt_s

    def _in_range(self, requested: list[float]) -> tuple[list[float], list[str]]:
        if all(lower <= wanted <= upper for wanted, (lower, upper) in zip(requested, self._ranges, strict=True)):
            return requested, []
        goal = [
            min(max(wanted, min(lower, start)), max(upper, start))
            for wanted, start, (lower, upper) in zip(requested, self._target, self._ranges, strict=True)
        ]
        return goal, [JOINT_RANGE]

    def _in_time(self, goal: list[float], elapsed_s: float, clips: list[str]) -> float:
        """Share of the step to ``goal`` that the joints' rates allow. Slowing down is never hindered."""
        dt_s, last_s = min(elapsed_s, self._period_s), max(elapsed_s, self._last_dt_s)
        by_speed = by_acceleration = by_jerk = 1.0
        for end, start, last, gain, (speed, acceleration, jerk) in zip(
            goal, self._target, self._last_step, self._last_gain, self._rates, strict=True
        ):
            delta = end - start
            if delta == 0.0:
                continue
            ahead = last * delta > 0.0
            speed_now, gain_now = (abs(last) / last_s, gain) if ahead else (0.0, 0.0)
            per_s = dt_s / abs(delta)
            by_speed = min(by_speed, speed * per_s)
            by_acceleration = min(by_acceleration, (speed_now + acceleration * dt_s) * per_s)
            by_jerk = min(by_jerk, (speed_now + (gain_now + jerk * dt_s) * dt_s) * per_s)
        free = 1.0 - _ROUNDING
        for code, share in ((JOINT_SPEED, by_speed), (JOINT_ACCELERATION, by_acceleration), (JOINT_JERK, by_jerk)):
            if share < free:
                clips.append(code)
                free = share
        return min(by_speed, by_acceleration, by_jerk)

    def _in_bounds(self, goal: list[float], blocked_at: float, dt_s: float, clips: list[str]) -> Step:
        """The end of the free way, by bisection between standing still and the share known to be blocked."""
        free_at, target, tool = 0.0, self._target, self._tool
        for _ in range(_BISECTIONS):
            middle = 0.5 * (free_at + blocked_at)
            middle_target = self._along(goal, middle)
            middle_tool = self._tool_at(middle_target)
            blocked = self._blocked(middle_tool, dt_s)
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

    def _blocked(self, tool: list[float], dt_s: float) -> str | None:
        """Which rule forbids the straight way from the present tool position to ``tool`` [m] in ``dt_s``, or None."""
        limits, reach_m = self._limits, self._limits.tool_speed_m_s * dt_s * (1.0 + _ROUNDING)
        if not math.dist(self._tool, tool) <= reach_m:
            return TOOL_SPEED
        if not limits.workspace.keeps(self._tool, tool):
            return WORKSPACE
        if any(box.entered(self._tool, tool) for box in limits.keep_out):
            return KEEP_OUT
        if limits.workspace.too_near_a_side(self._measured, self._tool, tool, _LEFT):
            return WORKSPACE
        if any(box.too_near_from_outside(self._measured, self._tool, tool, _LEFT) for box in limits.keep_out):
            return KEEP_OUT
        return None


def _gain(delta: float, last: float, dt_s: float, last_s: float) -> float:
    """Acceleration [rad/s^2] of a joint that moved ``delta`` in ``dt_s`` after ``last`` in ``last_s``, if positive."""
    if delta == 0.0 or dt_s == 0.0:
        return 0.0
    speed_before = abs(last) / last_s if last * delta > 0.0 else 0.0
    return max(0.0, abs(delta) / dt_s - speed_before) / dt_s
