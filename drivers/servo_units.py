"""Between the steps of servos and the SI units of an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from calibration.joints import ServoScale
from drivers.arm_commands import Bounded
from drivers.servo_readings import ServoReading
from robolearn.contracts import Float


class Felt(NamedTuple):
    """What the servos say of an arm."""

    joint_position_rad: Float  # (J,)
    joint_velocity_rad_s: Float  # (J,)
    gripper_opening: float
    gripper_load: float


class ServoUnits:
    """Scales of the joints, in their order, and of the gripper, whose range is from closed to open."""

    def __init__(self, joints: Sequence[ServoScale], gripper: ServoScale) -> None:
        self._joints, self._gripper = joints, gripper

    def bounds_rad(self) -> tuple[Float, Float]:
        """Lowest and highest joint angles (J,) of the calibrated ranges."""
        ends = [scale.radians(np.array([scale.range_min, scale.range_max], float)) for scale in self._joints]
        low, high = np.sort(ends, axis=1).T
        return low, high

    def goals(self, command: Bounded) -> dict[int, int]:
        """Goal of each servo that the command means."""
        pairs = zip(self._joints, command.target_rad, strict=True)
        goals = {scale.id: within(scale, float(scale.steps(angle))) for scale, angle in pairs}
        if command.gripper_opening is not None:
            scale = self._gripper
            share = 1.0 - command.gripper_opening if scale.drive_mode else command.gripper_opening
            goals[scale.id] = within(scale, scale.range_min + share * (scale.range_max - scale.range_min))
        return goals

    def holding(self, readings: Mapping[int, ServoReading]) -> dict[int, int]:
        """Goals of the joints among ``readings`` that keep them where they are. One without torque holds nothing."""
        heard = [(scale, readings[scale.id]) for scale in self._joints if scale.id in readings]
        return {scale.id: within(scale, one.position_steps) for scale, one in heard if one.torque}

    def felt(self, readings: Mapping[int, ServoReading]) -> Felt:
        """The arm's state from a reading of each servo."""
        pairs = [(scale, readings[scale.id]) for scale in self._joints]
        position = np.array([float(scale.radians(np.array(one.position_steps, float))) for scale, one in pairs])
        velocity = np.array([_speed(scale, one.speed_steps_s) for scale, one in pairs])
        gripper, one = self._gripper, readings[self._gripper.id]
        share = (one.position_steps - gripper.range_min) / (gripper.range_max - gripper.range_min)
        opening, load = (1.0 - share, -one.load) if gripper.drive_mode else (share, one.load)
        return Felt(position, velocity, min(1.0, max(0.0, opening)), min(1.0, max(-1.0, load)))


def within(scale: ServoScale, steps: float) -> int:
    """The goal [steps] nearest to a position: beyond their range servos take none."""
    return min(max(round(steps), scale.range_min), scale.range_max)


def _speed(scale: ServoScale, steps_s: float) -> float:
    """Angular speed [rad/s]: the scale is linear, so it is that of a difference."""
    ends = scale.radians(np.array([0.0, steps_s]))
    return float(ends[1] - ends[0])
