"""The Franka Control Interface (FCI), version 10, as bytes: little-endian and packed.

TCP carries ``u32 command, u32 id, u32 size (header included)`` and a payload, both ways. UDP carries one robot state a
millisecond to the client, and the client's command for that state back."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from robolearn.contracts import Float
from robolearn.errors import BorderError

VERSION = 10
PORT = 1337
CONNECT = struct.Struct("<HH")  # version, UDP port of the client
MOVE = struct.Struct("<II6d?7d")  # controller, motion generator, deviations, asynchronous, velocities
LARGEST = 1 << 16


class Command(IntEnum):
    """What a client may ask for over TCP."""

    CONNECT = 0
    MOVE = 1
    STOP_MOVE = 2
    SET_COLLISION_BEHAVIOR = 3
    SET_JOINT_IMPEDANCE = 4
    SET_CARTESIAN_IMPEDANCE = 5
    SET_GUIDING_MODE = 6
    SET_EE_TO_K = 7
    SET_NE_TO_EE = 8
    SET_LOAD = 9
    AUTOMATIC_ERROR_RECOVERY = 10
    GET_ROBOT_MODEL = 11


SETTINGS: Mapping[Command, struct.Struct] = {
    Command.SET_COLLISION_BEHAVIOR: struct.Struct("<52d"),  # torques (4 x 7), forces (4 x 6)
    Command.SET_JOINT_IMPEDANCE: struct.Struct("<7d"),
    Command.SET_CARTESIAN_IMPEDANCE: struct.Struct("<6d"),
    Command.SET_GUIDING_MODE: struct.Struct("<7?"),
    Command.SET_EE_TO_K: struct.Struct("<16d"),
    Command.SET_NE_TO_EE: struct.Struct("<16d"),
    Command.SET_LOAD: struct.Struct("<13d"),  # mass, centre (3), inertia (9)
}


class Generator(IntEnum):
    """What the client's commands are, as the robot state tells it; in a Move request it is one less."""

    IDLE = 0
    JOINT_POSITION = 1
    JOINT_VELOCITY = 2
    CARTESIAN_POSITION = 3
    CARTESIAN_VELOCITY = 4
    NONE = 5


class Control(IntEnum):
    """Who makes torques of them."""

    JOINT_IMPEDANCE = 0
    CARTESIAN_IMPEDANCE = 1
    EXTERNAL = 2
    OTHER = 3


class RobotMode(IntEnum):
    """What the robot is about."""

    OTHER = 0
    IDLE = 1
    MOVE = 2
    GUIDING = 3
    REFLEX = 4
    USER_STOPPED = 5
    AUTOMATIC_ERROR_RECOVERY = 6


class MoveStatus(IntEnum):
    """Answers to Move: the first when it starts, the second when it ends."""

    SUCCESS = 0
    STARTED = 1
    PREEMPTED = 2
    NOT_POSSIBLE = 5
    INVALID_ARGUMENT = 7
    REFLEX_ABORTED = 8
    EMERGENCY_ABORTED = 9


class Status(IntEnum):
    """Answers to everything else."""

    SUCCESS = 0
    NOT_POSSIBLE = 1


class Error(IntEnum):
    """Places among the 41 error flags of a robot state, those that the virtual robot can raise."""

    JOINT_REFLEX = 6
    CARTESIAN_REFLEX = 7
    POSITION_LIMITS = 12
    VELOCITY_LIMITS = 13
    VELOCITY_DISCONTINUITY = 14
    COMMUNICATION_CONSTRAINTS = 25


ERRORS = 41
STATE_FIELDS = {
    "O_T_EE": 16, "O_T_EE_d": 16, "F_T_EE": 16, "EE_T_K": 16, "F_T_NE": 16, "NE_T_EE": 16, "m_ee": 1, "I_ee": 9,
    "F_x_Cee": 3, "m_load": 1, "I_load": 9, "F_x_Cload": 3, "elbow": 2, "elbow_d": 2, "tau_J": 7, "tau_J_d": 7,
    "dtau_J": 7, "q": 7, "q_d": 7, "dq": 7, "dq_d": 7, "ddq_d": 7, "joint_contact": 7, "cartesian_contact": 6,
    "joint_collision": 7, "cartesian_collision": 6, "tau_ext_hat_filtered": 7, "O_F_ext_hat_K": 6, "K_F_ext_hat_K": 6,
    "O_dP_EE_d": 6, "O_ddP_O": 3, "elbow_c": 2, "delbow_c": 2, "ddelbow_c": 2, "O_T_EE_c": 16, "O_dP_EE_c": 6,
    "O_ddP_EE_c": 6, "theta": 7, "dtheta": 7, "accelerometers": 36,
}  # fmt: skip
_FLOATS = sum(STATE_FIELDS.values())
STATE = struct.Struct(f"<Q{_FLOATS}fBB{ERRORS}?{ERRORS}?Bf")
_BLANK = {name: (0.0,) * size for name, size in STATE_FIELDS.items()}
_COMMAND = struct.Struct("<Q7d7d16d6d2d??7d?")


class Motion(NamedTuple):
    """How a robot state tells of the motion and of what went wrong."""

    generator: Generator
    control: Control
    errors: Sequence[bool]
    reflex_reason: Sequence[bool]
    mode: RobotMode
    success_rate: float


def pack_state(message_id: int, fields: Mapping[str, Sequence[float] | Float], motion: Motion) -> bytes:
    """A robot state; fields that are not given are zero. Raises KeyError for an unknown one."""
    values = {**_BLANK, **fields}
    if len(values) > len(_BLANK):
        raise KeyError(f"a robot state has no {sorted(set(fields) - set(_BLANK))}")
    floats = (value for name in STATE_FIELDS for value in values[name])
    return STATE.pack(
        message_id, *floats, motion.generator, motion.control, *motion.errors, *motion.reflex_reason, motion.mode,
        motion.success_rate,
    )  # fmt: skip


class RobotCommand(NamedTuple):
    """What a client sends for one robot state."""

    message_id: int  # of that state
    q: tuple[float, ...]
    dq: tuple[float, ...]
    is_last: bool  # the motion is finished

    @staticmethod
    def unpack(datagram: bytes) -> RobotCommand:
        """From a datagram. Raises BorderError for one of another size."""
        if len(datagram) != _COMMAND.size:
            raise BorderError(f"FCI command of {len(datagram)} bytes: it has {_COMMAND.size}")
        values = _COMMAND.unpack(datagram)
        return RobotCommand(values[0], values[1:8], values[8:15], values[40])


class Request(NamedTuple):
    """One request over TCP."""

    command: int
    number: int
    payload: bytes


class Framing:
    """Packets with a header of command, number and size; the size counts the header."""

    def __init__(self, layout: str) -> None:
        self._header = struct.Struct(layout)

    def packet(self, command: int, number: int, payload: bytes = b"") -> bytes:
        """One packet."""
        return self._header.pack(command, number, self._header.size + len(payload)) + payload

    def split(self, buffer: bytearray) -> Iterator[Request]:
        """Take every whole packet off the front of ``buffer``. Raises BorderError for an impossible size."""
        header = self._header
        while len(buffer) >= header.size:
            command, number, size = header.unpack_from(buffer)
            if not header.size <= size <= LARGEST:
                raise BorderError(f"FCI packet of {size} bytes: the header alone has {header.size}")
            if len(buffer) < size:
                return
            payload = bytes(buffer[header.size : size])
            del buffer[:size]
            yield Request(command, number, payload)


ROBOT_FRAMING = Framing("<III")
HAND_FRAMING = Framing("<HII")
