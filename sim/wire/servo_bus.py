"""The bus of virtual servos, whatever they speak: who is called, who answers, and when, as far as wire time goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
from typing import ClassVar, Generic, NamedTuple, TypeVar

from sim.wire.servo_packets import BROADCAST, Framing, Instruction, Request
from sim.wire.servo_table import ServoTable

RETURN_DELAY_S = 2e-6  # for each count of the register
BITS_PER_BYTE = 10  # 8N1

S = TypeVar("S", bound=ServoTable)


class Reply(NamedTuple):
    """An answer, and how long after the request it is complete [s]."""

    delay_s: float
    data: bytes


class ServoBus(ABC, Generic[S]):
    """Servos on one wire. Two with the same id answer at once, and garble each other."""

    framing: ClassVar[Framing]
    number_size: ClassVar[int]  # bytes of an address or a size in a request

    def __init__(self, servos: Sequence[S]) -> None:
        self.servos = list(servos)

    def handle(self, request: Request, baud: int) -> list[Reply]:
        """Carry out a request that came at ``baud`` bits a second; servos at another rate do not understand it."""
        listening = [servo for servo in self.servos if servo.is_plugged and servo.baud == baud > 0]
        if not listening:
            return []
        if request.instruction == Instruction.SYNC_WRITE:
            self._sync_write(listening, request.params)
            return []
        if request.instruction == Instruction.SYNC_READ:
            turns = self._sync_read(listening, request.params)
        else:
            turns = self._call(listening, request)
        return _timed(turns, request.size, baud)

    @abstractmethod
    def reply(self, servo: S, request: Request) -> bytes | None:
        """What a servo answers to a request for itself; None if it keeps silent."""

    @abstractmethod
    def read(self, servo: S, address: int, size: int) -> bytes:
        """What a servo answers that is asked for registers."""

    def number(self, params: bytes, index: int) -> int:
        """The address or size at this place of the parameters."""
        return int.from_bytes(params[index * self.number_size : (index + 1) * self.number_size], "little")

    def _sync_read(self, listening: list[S], params: bytes) -> list[list[tuple[S, bytes]]]:
        address, size, ids = self.number(params, 0), self.number(params, 1), params[2 * self.number_size :]
        asked = [[servo for servo in listening if servo.servo_id == one] for one in ids]
        return [[(servo, self.read(servo, address, size)) for servo in same] for same in asked]

    def _sync_write(self, listening: list[S], params: bytes) -> None:
        address, size, rest = self.number(params, 0), self.number(params, 1), params[2 * self.number_size :]
        for start in range(0, len(rest) - size, size + 1):
            for servo in listening:
                if servo.servo_id == rest[start]:
                    servo.write(address, rest[start + 1 : start + 1 + size])

    def _call(self, listening: list[S], request: Request) -> list[list[tuple[S, bytes]]]:
        called = [servo for servo in listening if request.servo_id in (servo.servo_id, BROADCAST)]
        answers = [(servo, data) for servo in called if (data := self.reply(servo, request)) is not None]
        if request.servo_id != BROADCAST:
            return [answers]
        if request.instruction != Instruction.PING:
            return []
        return [[pair] for pair in sorted(answers, key=lambda pair: pair[0].servo_id)]


def _timed(turns: list[list[tuple[S, bytes]]], request_size: int, baud: int) -> list[Reply]:
    """Answers one after the other; those of one turn lie on top of each other."""
    byte_s = BITS_PER_BYTE / baud
    due_s, replies = request_size * byte_s, []
    for turn in turns:
        if turn:
            data = reduce(_collided, (_arrived(servo, data) for servo, data in turn))
            due_s += max(servo.return_delay for servo, _ in turn) * RETURN_DELAY_S + len(data) * byte_s
            replies.append(Reply(due_s, data))
    return replies


def _arrived(servo: S, data: bytes) -> bytes:
    """An answer after its way through the servo's plug: a bad one spoils the checksum."""
    return data[:-1] + bytes([data[-1] ^ 0xFF]) if servo.is_garbled else data


def _collided(first: bytes, second: bytes) -> bytes:
    """Two answers at once: the wire is low where either pulls it low."""
    return bytes(a & b for a, b in zip_longest(first, second, fillvalue=0xFF))
