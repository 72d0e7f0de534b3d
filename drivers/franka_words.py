"""What the Franka driver and its child process tell each other: readings, and settings."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from drivers.child_words import ChildSettings

_READING = struct.Struct("<q23df")
SEPARATOR = "\n"
_HAND_READING = struct.Struct("<dd?")
IDLE, MOVE, REFLEX, USER_STOPPED, GUIDING, RECOVERING, OTHER = (
    "Idle", "Move", "Reflex", "UserStopped", "Guiding", "AutomaticErrorRecovery", "Other",
)  # fmt: skip


class Reading(NamedTuple):
    """One state of the robot: rad, m, N and Nm, base frame."""

    stamp_ns: int
    joint_position: tuple[float, ...]  # (7,)
    joint_velocity: tuple[float, ...]  # (7,)
    contact_point: tuple[float, ...]  # (3,) of which the wrench is told
    wrench: tuple[float, ...]  # (6,) that the robot exerts on the world
    success_rate: float  # share of the last commands that came in time; 0 without a motion
    mode: str
    errors: str  # names, with commas between them
    ended: str  # why the robot has ended the driver's motion, if it has

    def pack(self) -> bytes:
        """As a datagram."""
        vectors = (*self.joint_position, *self.joint_velocity, *self.contact_point, *self.wrench)
        return _READING.pack(self.stamp_ns, *vectors, self.success_rate) + SEPARATOR.join(self[-3:]).encode()

    @staticmethod
    def unpack(datagram: bytes) -> Reading:
        """From a datagram."""
        stamp_ns, *numbers, rate = _READING.unpack_from(datagram)
        mode, errors, ended = datagram[_READING.size :].decode().split(SEPARATOR)
        q, dq, point, wrench = (tuple(numbers[a:b]) for a, b in ((0, 7), (7, 14), (14, 17), (17, 23)))
        return Reading(stamp_ns, q, dq, point, wrench, rate, mode, errors, ended)


@dataclass(frozen=True)
class Settings(ChildSettings):
    """What the Franka driver's child must know."""

    host: str
    needs_realtime: bool  # refuse to work without a real-time kernel
    torque_threshold_nm: float
    force_threshold_n: float
    load_kg: float
    load_centre_m: tuple[float, ...]


class HandReading(NamedTuple):
    """One state of the hand."""

    width_m: float
    greatest_width_m: float  # 0 before it has been homed
    is_grasping: bool

    def pack(self) -> bytes:
        """As a datagram."""
        return _HAND_READING.pack(*self)

    @staticmethod
    def unpack(datagram: bytes) -> HandReading:
        """From a datagram."""
        return HandReading(*_HAND_READING.unpack(datagram))


@dataclass(frozen=True)
class HandSettings(ChildSettings):
    """What the hand's child must know."""

    host: str
    speed_m_s: float
    force_n: float
