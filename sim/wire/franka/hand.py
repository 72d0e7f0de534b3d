"""The virtual Franka Hand: its service on port 1338, and what its requests do to the twin's fingers."""

from __future__ import annotations

import struct
from enum import IntEnum

from robolearn.errors import BorderError
from sim.wire.fingers import Fingers
from sim.wire.franka.packets import CONNECT, HAND_FRAMING, Request
from sim.wire.franka.session import SendTo

PORT = 1338
VERSION = 3
STATE = struct.Struct("<Idd?H")  # number, width, greatest width, holds something, temperature
MOVE_FORCE_N = 30.0  # of a motion that is no grasp; not published
GRASP_FORCE_N = 70.0  # the most that it keeps up
FINGER_SPEED_M_S = 0.05
STILL_M_S = 0.002
STALLED_S = 0.1
NEAR_M = 0.001
WARM_C = 25


class Command(IntEnum):
    """What a client may ask for."""

    CONNECT = 0
    HOMING = 1
    GRASP = 2
    MOVE = 3
    STOP = 4


class Status(IntEnum):
    """How a request ended."""

    SUCCESS = 0
    FAIL = 1
    UNSUCCESSFUL = 2
    ABORTED = 3


_GRASP = struct.Struct("<5d")  # width, inner and outer tolerance, speed, force
_MOVE = struct.Struct("<2d")  # width, speed


class Hand:
    """Carries out one request at a time; a new one aborts it. Its greatest width is zero until it was homed."""

    def __init__(self, fingers: Fingers) -> None:
        self._fingers = fingers
        self.is_homed = self.holds = False
        self.ended: Status | None = Status.SUCCESS  # of the last request; None while it is carried out
        self._goal_m = 0.0
        self._range_m: tuple[float, float] | None = None  # widths at which a grasp has succeeded
        self._homing = False
        self._stalled_s = 0.0

    @property
    def width_m(self) -> float:
        """Between the fingers."""
        return self._fingers.opening * self._fingers.stroke_m

    @property
    def greatest_width_m(self) -> float:
        """As homing has found it."""
        return self._fingers.stroke_m if self.is_homed else 0.0

    def home(self) -> None:
        """Close and open, to find the ends."""
        self._begin(0.0, FINGER_SPEED_M_S, MOVE_FORCE_N)
        self._homing = True

    def move(self, width_m: float, speed_m_s: float) -> None:
        """Fingers to a width."""
        self._begin(width_m, speed_m_s, MOVE_FORCE_N)

    def grasp(self, width_m: float, inner_m: float, outer_m: float, speed_m_s: float, force_n: float) -> None:
        """Close until something is felt, and hold it."""
        self._begin(0.0, speed_m_s, min(force_n, GRASP_FORCE_N))
        self._range_m = (width_m - inner_m, width_m + outer_m)

    def stop(self) -> None:
        """Stay here, and keep the grip."""
        if not self.holds:
            self._fingers.hold()
        self.ended = Status.ABORTED if self.ended is None else self.ended

    def step(self, period_s: float) -> None:
        """Time passes."""
        self._fingers.step(period_s)
        still = abs(self._fingers.speed_m_s) < STILL_M_S
        self._stalled_s = self._stalled_s + period_s if still else 0.0
        if self.ended is None and self._stalled_s >= STALLED_S:
            self._finish()

    def state(self, number: int) -> bytes:
        """The datagram that tells of it."""
        return STATE.pack(number, self.width_m, self.greatest_width_m, self.holds, WARM_C)

    def _begin(self, width_m: float, speed_m_s: float, force_n: float) -> None:
        self.ended, self.holds, self._homing, self._range_m = None, False, False, None
        self._goal_m, self._stalled_s = width_m, 0.0
        opening = min(max(width_m / self._fingers.stroke_m, 0.0), 1.0)
        self._fingers.go(opening, 2.0 * min(speed_m_s, FINGER_SPEED_M_S), force_n)

    def _finish(self) -> None:
        if self._homing and self._goal_m == 0.0:
            self._begin(self._fingers.stroke_m, FINGER_SPEED_M_S, MOVE_FORCE_N)
            self._homing = True
        elif self._range_m is not None:
            low, high = self._range_m
            self.holds = low < self.width_m < high
            self.ended = Status.SUCCESS if self.holds else Status.UNSUCCESSFUL
        else:
            self.is_homed = self.is_homed or self._homing
            arrived = abs(self.width_m - self._goal_m) < NEAR_M
            self.ended = Status.SUCCESS if arrived else Status.FAIL


class HandSession:
    """Answers one connection on port 1338."""

    def __init__(self, hand: Hand, send: SendTo) -> None:
        self._hand, self._send = hand, send
        self._buffer = bytearray()
        self._udp_port: int | None = None
        self._doing: Request | None = None
        self._states = 0

    def greet(self) -> bytes:
        """The client speaks first."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """The answers to what has arrived. Raises BorderError for nonsense."""
        self._buffer += data
        try:
            return b"".join(self._answer(request) for request in HAND_FRAMING.split(self._buffer))
        except (ValueError, struct.error) as error:
            raise BorderError(f"hand request that cannot be read: {error}") from error

    def due(self) -> bytes:
        """Send a state; say how a request has ended."""
        if self._udp_port is not None:
            self._states += 1
            self._send(self._udp_port, self._hand.state(self._states))
        return self._outcome()

    def _outcome(self) -> bytes:
        doing, ended = self._doing, self._hand.ended
        if doing is None or ended is None:
            return b""
        self._doing = None
        return _answer(doing, ended)

    def _answer(self, request: Request) -> bytes:
        command, hand = Command(request.command), self._hand
        if command is Command.CONNECT:
            version, port = CONNECT.unpack(request.payload)
            self._udp_port = port if version == VERSION else None
            answer = struct.pack("<HH", int(version != VERSION), VERSION)
            return HAND_FRAMING.packet(command, request.number, answer)
        if self._doing is not None or command is Command.STOP:
            hand.stop()
        said = self._outcome()
        if command is Command.STOP:
            return said + _answer(request, Status.SUCCESS)
        if command is Command.HOMING:
            hand.home()
        elif command is Command.GRASP:
            hand.grasp(*_GRASP.unpack(request.payload))
        else:
            hand.move(*_MOVE.unpack(request.payload))
        self._doing = request
        return said


def _answer(request: Request, status: Status) -> bytes:
    return HAND_FRAMING.packet(request.command, request.number, struct.pack("<H", status))
