"""What the controller's joint motions do to the target from one cycle of 2 ms to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import Target

CYCLE_S = 0.002
JOINT_SPEED_RAD_S = np.pi  # of every joint of the arm
JOINT_ACCELERATION_RAD_S2 = 40.0  # the most that a command may ask for


class Motion(Protocol):
    """A motion in progress."""

    done: bool

    def step(self, target: Target) -> Target:
        """The target one cycle on."""


@dataclass
class Hold:
    """Stay where the target is."""

    done: bool = True

    def step(self, target: Target) -> Target:
        """The same place, at rest."""
        return Target(target.position_rad, np.zeros_like(target.position_rad))


@dataclass
class Servo:
    """``servoj``: pulled to ``goal_rad`` from where the target will be in ``lookahead_s``. Goes on for ever.

    The controller's own filter is not published; this is its documentation in a formula: the gain multiplies the
    error, and the position that it is taken from is projected forward with the present velocity."""

    goal_rad: Float
    lookahead_s: float
    gain: float
    done: bool = False

    def step(self, target: Target) -> Target:
        """Semi-implicit Euler, within the acceleration and speed of the joints."""
        position, velocity = target
        pull = self.gain * (self.goal_rad - position - self.lookahead_s * velocity)
        velocity = velocity + CYCLE_S * np.clip(pull, -JOINT_ACCELERATION_RAD_S2, JOINT_ACCELERATION_RAD_S2)
        velocity = np.clip(velocity, -JOINT_SPEED_RAD_S, JOINT_SPEED_RAD_S)
        return Target(position + CYCLE_S * velocity, velocity)


@dataclass
class Speed:
    """``speedj`` and ``stopj``: ramp to ``goal_rad_s``, the joints in step. Ends at rest, else after ``time_s``."""

    goal_rad_s: Float
    acceleration_rad_s2: float
    time_s: float = np.inf
    done: bool = False

    def step(self, target: Target) -> Target:
        """One cycle along the ramp."""
        position, velocity = target
        missing = self.goal_rad_s - velocity
        most = float(np.abs(missing).max())
        velocity = velocity + missing * min(1.0, self.acceleration_rad_s2 * CYCLE_S / max(most, 1e-9))
        self.time_s -= CYCLE_S
        at_rest = not self.goal_rad_s.any() and not velocity.any()
        self.done = at_rest or self.time_s <= 0.0
        return Target(position + CYCLE_S * velocity, velocity)


class Move:
    """``movej``: a straight line in joint space from rest to rest, with a trapezoid of speed for the leading joint."""

    def __init__(self, start_rad: Float, goal_rad: Float, speed_rad_s: float, acceleration_rad_s2: float) -> None:
        self._start, self._way = start_rad, goal_rad - start_rad
        self._length = float(np.abs(self._way).max())
        self._speed = min(speed_rad_s, float(np.sqrt(self._length * acceleration_rad_s2)))
        self._acceleration = acceleration_rad_s2
        self._passed_s = 0.0
        self.done = self._length == 0.0

    def step(self, target: Target) -> Target:
        """The place that is due one cycle on."""
        if self.done:
            return Hold().step(target)
        self._passed_s += CYCLE_S
        way, speed = self._along(self._passed_s)
        self.done = way >= self._length
        share = self._way / self._length
        return Target(self._start + share * way, share * speed)

    def _along(self, passed_s: float) -> tuple[float, float]:
        """Distance [rad] and speed [rad/s] of the leading joint."""
        ramp_s = self._speed / self._acceleration
        total_s = self._length / self._speed + ramp_s
        if passed_s >= total_s:
            return self._length, 0.0
        if passed_s < ramp_s:
            return 0.5 * self._acceleration * passed_s**2, self._acceleration * passed_s
        if passed_s > total_s - ramp_s:
            left_s = total_s - passed_s
            return self._length - 0.5 * self._acceleration * left_s**2, self._acceleration * left_s
        return self._speed * (passed_s - 0.5 * ramp_s), self._speed
