"""The bus: who answers what, and when, as far as wire time goes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import zip_longest
from typing import NamedTuple

from sim.wire.sts.packets import BITS_PER_BYTE, BROADCAST, Instruction, Request, answer
from sim.wire.sts.servo import Register, Servo

RETURN_DELAY_S = 2e-6  # for each count of the register


class Reply(NamedTuple):
    """An answer, and how long after the request it is complete [s]."""

    delay_s: float
    data: bytes


class Bus:
    """Servos on one wire. Two with the same id answer at once, and garble each other."""

    def __init__(self, servos: Sequence[Servo]) -> None:
        self.servos = list(servos)

    def handle(self, request: Request, baud: int) -> list[Reply]:
        """Carry out a request that came at ``baud`` bits a second; servos at another rate do not understand it."""
        listening = [servo for servo in self.servos if servo.baud == baud]
        if request.instruction == Instruction.SYNC_READ and len(request.params) > 2:
            return self._sync_read(listening, request, baud)
        if request.instruction == Instruction.SYNC_WRITE:
            self._sync_write(listening, request.params)
            return []
        asked = [servo for servo in listening if request.servo_id in (servo.servo_id, BROADCAST)]
        answers = [(servo, data) for servo in asked if (data := self._one(servo, request)) is not None]
        if request.instruction == Instruction.PING and request.servo_id == BROADCAST:
            turns = [[pair] for pair in sorted(answers, key=lambda pair: pair[0].servo_id)]
        else:
            turns = [answers] if answers and request.servo_id != BROADCAST else []
        return _timed(turns, request.size, baud)

    def _one(self, servo: Servo, request: Request) -> bytes | None:
        """What a servo answers to a request for itself; None if it keeps silent."""
        params, talkative = request.params, servo.table[Register.RESPONSE_LEVEL] == 1
        if request.instruction == Instruction.PING:
            return answer(servo.servo_id, servo.status.value)
        if request.instruction == Instruction.READ and len(params) == 2:
            return answer(servo.servo_id, servo.status.value, servo.read(params[0], params[1]))
        servo_id = servo.servo_id
        if request.instruction == Instruction.WRITE and len(params) >= 2:
            servo.write(params[0], params[1:])
        elif request.instruction == Instruction.REG_WRITE and len(params) >= 2:
            servo.register(params[0], params[1:])
        elif request.instruction == Instruction.ACTION:
            servo.act()
        else:
            return None
        return answer(servo_id, servo.status.value) if talkative else None

    def _sync_read(self, listening: list[Servo], request: Request, baud: int) -> list[Reply]:
        address, size, *ids = request.params
        turns = [
            [
                (servo, answer(servo.servo_id, servo.status.value, servo.read(address, size)))
                for servo in listening
                if servo.servo_id == asked
            ]
            for asked in ids
        ]
        return _timed(turns, request.size, baud)

    def _sync_write(self, listening: list[Servo], params: bytes) -> None:
        if len(params) < 2:
            return
        address, size, rest = params[0], params[1], params[2:]
        for start in range(0, len(rest) - size, size + 1):
            for servo in listening:
                if servo.servo_id == rest[start]:
                    servo.write(address, rest[start + 1 : start + 1 + size])


def _timed(turns: list[list[tuple[Servo, bytes]]], request_size: int, baud: int) -> list[Reply]:
    """Answers one after the other; those of one turn lie on top of each other."""
    byte_s = BITS_PER_BYTE / baud
    due_s = request_size * byte_s
    replies = []
    for turn in turns:
        if not turn:
            continue
        data = reduce(_collided, (data for _, data in turn))
        due_s += max(servo.table[Register.RETURN_DELAY] for servo, _ in turn) * RETURN_DELAY_S + len(data) * byte_s
        replies.append(Reply(due_s, data))
    return replies


def _collided(first: bytes, second: bytes) -> bytes:
    """Two answers at once: the wire is low where either pulls it low."""
    return bytes(a & b for a, b in zip_longest(first, second, fillvalue=0xFF))
