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
        joints = list(ElementTree.fromstring(urdf).iter("joint"))
        rows = [_row(joint) for number in range(1, JOINTS + 1) for joint in joints if _is(joint, number)]
        if len(rows) != JOINTS or not np.isfinite(rows).all():
            raise DeviceError("the robot's own model does not tell the limits of seven joints: it is no FR3")
        return JointLimits(*np.array(rows).T)

    def speed_ranges(self, position_rad: Float) -> tuple[Float, Float]:
        """Lowest and highest speed (7,) [rad/s] where the joints are: they fall towards the ends of the ranges."""
        return -self._towards(position_rad - self.lower_rad), self._towards(self.upper_rad - position_rad)

    def _towards(self, way_rad: Float) -> Float:
        deceleration = np.minimum(self.deceleration_rad_s2, BRAKING_RAD_S2)
        braking = np.sqrt(2.0 * deceleration * np.maximum(way_rad, 0.0)) - self.speed_offset_rad_s
        return np.asarray(SPEED_SHARE * np.minimum(self.speed_rad_s, np.maximum(0.0, braking)))


def _is(joint: ElementTree.Element, number: int) -> bool:
    return joint.get("type") == "revolute" and joint.get("name", "").endswith(f"joint{number}")


def _row(joint: ElementTree.Element) -> list[float]:
    places = (
        ("limit", "lower"), ("limit", "upper"), ("limit", "velocity"),
        ("position_based_velocity_limits", "velocity_offset"), ("position_based_velocity_limits", "deceleration_limit"),
    )  # fmt: skip
    found = ((joint.find(element), attribute) for element, attribute in places)
    return [float("nan" if element is None else element.get(attribute, "nan")) for element, attribute in found]


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
