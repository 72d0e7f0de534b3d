"""What the UR driver and its child process say to each other: one datagram each, first byte the kind."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import NamedTuple

SIX = struct.Struct("<6d")
_READING = struct.Struct("<q24diii")

READING, ARMED, FAILED = b"r", b"a", b"f"  # from the child; a failure is followed by its text
TARGET, ARM, HALT = b"t", b"A", b"H"  # to the child; a target is followed by six joint angles [rad]

NORMAL_BITS, PROTECTIVE_BIT, EMERGENCY_BIT = 0b11, 1 << 2, 1 << 7  # of the controller's safety status; 11: or reduced
ROBOT_RUNNING, PLAYING = 7, 2

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
        return READING + _READING.pack(self.stamp_ns, *vectors, *self[5:])

    @staticmethod
    def unpack(datagram: bytes) -> Reading:
        """From a datagram, kind included."""
        stamp_ns, *numbers = _READING.unpack(datagram[1:])
        q, qd, pose, force = (tuple(numbers[at : at + 6]) for at in (0, 6, 12, 18))
        return Reading(stamp_ns, q, qd, pose, force, *numbers[24:])


@dataclass(frozen=True)
class Settings:
    """What the child must know, handed over in its command line."""

    host: str
    servo_period_s: float
    servo_lookahead_s: float
    servo_gain: float
    watchdog_hz: float
    payload_kg: float
    payload_centre_m: tuple[float, ...]
    tcp_offset: tuple[float, ...]  # of the tool in the flange frame: m and rotation vector
    zero_wrench: bool

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(line: str) -> Settings:
        """From one line."""
        return Settings(**json.loads(line))
