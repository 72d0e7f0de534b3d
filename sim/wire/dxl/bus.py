"""The bus: who answers what, and when, as far as wire time goes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from sim.wire.dxl.packets import BROADCAST, Instruction, Request, answer
from sim.wire.dxl.servo import RANGE_ERROR, Register, Servo

RETURN_DELAY_S = 2e-6
BITS_PER_BYTE = 10


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
        if request.instruction == Instruction.SYNC_READ and len(request.params) > 4:
            address, size = _word(request.params, 0), _word(request.params, 2)
            asked = [[servo for servo in listening if servo.servo_id == one] for one in request.params[4:]]
            turns = [[(servo, _read(servo, address, size)) for servo in same] for same in asked]
            return _timed(turns, request.size, baud)
        if request.instruction == Instruction.SYNC_WRITE and len(request.params) > 4:
            self._sync_write(listening, request.params)
            return []
        called = [servo for servo in listening if request.servo_id in (servo.servo_id, BROADCAST)]
        answers = [(servo, data) for servo in called if (data := _one(servo, request)) is not None]
        if request.servo_id != BROADCAST:
            return _timed([answers], request.size, baud)
        if request.instruction != Instruction.PING:
            return []
        return _timed([[pair] for pair in sorted(answers, key=lambda pair: pair[0].servo_id)], request.size, baud)

    def _sync_write(self, listening: list[Servo], params: bytes) -> None:
        address, size, rest = _word(params, 0), _word(params, 2), params[4:]
        for start in range(0, len(rest) - size, size + 1):
            for servo in listening:
                if servo.servo_id == rest[start]:
                    servo.write(address, rest[start + 1 : start + 1 + size])


def _one(servo: Servo, request: Request) -> bytes | None:
    """What a servo answers to a request for itself; None if it keeps silent."""
    params, level, servo_id = request.params, servo.table[Register.STATUS_RETURN], servo.servo_id
    if request.instruction == Instruction.PING:
        return answer(servo_id, servo.alert, bytes(servo.table[0:2] + servo.table[6:7]))
    if request.instruction == Instruction.READ and len(params) == 4:
        return _read(servo, _word(params, 0), _word(params, 2)) if level >= 1 else None
    error = 0
    if request.instruction == Instruction.WRITE and len(params) > 2:
        error = servo.write(_word(params, 0), params[2:])
    elif request.instruction == Instruction.REG_WRITE and len(params) > 2:
        error = servo.register(_word(params, 0), params[2:])
    elif request.instruction == Instruction.ACTION:
        servo.act()
    elif request.instruction == Instruction.REBOOT:
        servo.power_on()
    else:
        return None
    return answer(servo_id, error | servo.alert) if level == 2 else None


def _read(servo: Servo, address: int, size: int) -> bytes:
    data = servo.read(address, size)
    return answer(servo.servo_id, RANGE_ERROR) if data is None else answer(servo.servo_id, servo.alert, data)


def _timed(turns: list[list[tuple[Servo, bytes]]], request_size: int, baud: int) -> list[Reply]:
    """Answers one after the other; those of one turn lie on top of each other."""
    byte_s = BITS_PER_BYTE / baud
    due_s, replies = request_size * byte_s, []
    for turn in turns:
        if turn:
            data = turn[0][1]
            for _, other in turn[1:]:
                data = bytes(a & b for a, b in zip_longest(data, other, fillvalue=0xFF))
            delay = max(servo.table[Register.RETURN_DELAY] for servo, _ in turn)
            due_s += delay * RETURN_DELAY_S + len(data) * byte_s
            replies.append(Reply(due_s, data))
    return replies


def _word(params: bytes, at: int) -> int:
    return int.from_bytes(params[at : at + 2], "little")
