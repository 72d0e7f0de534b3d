"""What the UR driver and its child process tell each other: readings, and settings."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from drivers.child_words import ChildSettings

_READING = struct.Struct("<q24diii")

NORMAL_BITS, PROTECTIVE_BIT, EMERGENCY_BIT = 0b11, 1 << 2, 1 << 7  # of the controller's safety status; 11: or reduced
ROBOT_RUNNING, PLAYING = 7, 2
KEEP_S = 0.02  # without a new target, the child says the last one again after so long

Six = tuple[float, float, float, float, float, float]


class Reading(NamedTuple):
    """One data packet of the controller, units as on its wire: rad, m and rotation vector, N and Nm, base frame."""

    stamp_ns: int
    joint_position: Six
    joint_velocity: Six
    tool_pose: Six
    tool_force: Six
    safety_bits: int
    robot_mode: int
    runtime_state: int

    def pack(self) -> bytes:
        """As a datagram."""
        vectors = (*self.joint_position, *self.joint_velocity, *self.tool_pose, *self.tool_force)
        return _READING.pack(self.stamp_ns, *vectors, *self[5:])

    @staticmethod
    def unpack(datagram: bytes) -> Reading:
        """From a datagram."""
        stamp_ns, *numbers = _READING.unpack(datagram)
        q, qd, pose, force = (tuple(numbers[at : at + 6]) for at in (0, 6, 12, 18))
        return Reading(stamp_ns, q, qd, pose, force, *numbers[24:])


@dataclass(frozen=True)
class Settings(ChildSettings):
    """What the UR driver's child must know."""

    host: str
    servo_period_s: float
    servo_lookahead_s: float
    servo_gain: float
    watchdog_hz: float
    payload_kg: float
    payload_centre_m: tuple[float, ...]
    tcp_offset: tuple[float, ...]  # of the tool in the flange frame: m and rotation vector
    zero_wrench: bool
