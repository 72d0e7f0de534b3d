"""From joint targets, some tens a second, to the joint speeds by which a Franka robot is driven. It knows no robot."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

import numpy as np

from robolearn.contracts import Float
from robolearn.errors import DeviceError

JOINTS = 7
GAIN_1_S = 10.0  # speed for each radian that is missing
BRAKING_RAD_S2 = 4.0  # so hard does it count on being able to brake, of the 10 that the robot allows
SPEED_SHARE = 0.95  # of the speeds that the robot allows
STREAM_S = 0.15  # targets further apart than this are no stream, and are not led by their own speed


class JointLimits(NamedTuple):
    """What a robot allows its joints, (7,) each."""

    lower_rad: Float
    upper_rad: Float
    speed_rad_s: Float
    speed_offset_rad_s: Float
    deceleration_rad_s2: Float

    @staticmethod
    def from_urdf(urdf: str) -> JointLimits:
        """As the robot's own model tells them. Raises DeviceError if it does not."""
        joints, rows = list(ElementTree.fromstring(urdf).iter("joint")), []
        for number in range(1, JOINTS + 1):
            joint = next((one for one in joints if one.get("name", "").endswith(f"joint{number}")), None)
            limit = None if joint is None else joint.find("limit")
            towards = None if joint is None else joint.find("position_based_velocity_limits")
            if limit is None or towards is None:
                raise DeviceError(f"the robot's own model has no limits for joint {number}: it is no FR3")
            words = [limit.get("lower"), limit.get("upper"), limit.get("velocity")]
            words += [towards.get("velocity_offset"), towards.get("deceleration_limit")]
            rows.append([float(word or "nan") for word in words])
        return JointLimits(*np.array(rows).T)

    def speed_ranges(self, position_rad: Float) -> tuple[Float, Float]:
        """Lowest and highest speed (7,) [rad/s] where the joints are: they fall towards the ends of the ranges."""
        return -self._towards(position_rad - self.lower_rad), self._towards(self.upper_rad - position_rad)

    def _towards(self, way_rad: Float) -> Float:
        braking = np.sqrt(2.0 * self.deceleration_rad_s2 * np.maximum(way_rad, 0.0)) - self.speed_offset_rad_s
        return np.asarray(SPEED_SHARE * np.minimum(self.speed_rad_s, np.maximum(0.0, braking)))


class Follower:
    """Leads joints to the newest target: with the speed of the stream of targets, and what is missing besides."""

    def __init__(self, limits: JointLimits) -> None:
        self._limits = limits
        self.clear()

    def clear(self) -> None:
        """There is no target any more."""
        self._target_rad: Float | None = None
        self._stream_rad_s = np.zeros(JOINTS)
        self._heard_s = self._apart_s = 0.0

    def target(self, position_rad: Float, now_s: float) -> None:
        """A new target (7,)."""
        apart_s = now_s - self._heard_s
        if self._target_rad is not None and 1e-3 < apart_s < STREAM_S:
            self._stream_rad_s = (position_rad - self._target_rad) / apart_s
        else:
            self._stream_rad_s = np.zeros(JOINTS)
        self._target_rad, self._heard_s, self._apart_s = position_rad, now_s, apart_s

    def speed(self, commanded_rad: Float, now_s: float) -> Float | None:
        """Joint speeds (7,) [rad/s] from where the robot is commanded to be; None without a target."""
        if self._target_rad is None:
            return None
        missing = self._target_rad - commanded_rad
        pull = np.sign(missing) * np.minimum(GAIN_1_S * np.abs(missing), np.sqrt(2 * BRAKING_RAD_S2 * np.abs(missing)))
        flows = now_s - self._heard_s < 1.5 * self._apart_s
        wanted = pull + self._stream_rad_s if flows else pull
        return np.asarray(np.clip(wanted, *self._limits.speed_ranges(commanded_rad)))
