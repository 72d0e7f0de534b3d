"""Packets of the STS bus: ``FF FF ID LEN INS params checksum``, and the answers to them."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

HEADER = b"\xff\xff"
BROADCAST = 0xFE
BITS_PER_BYTE = 10  # 8N1
MAX_LENGTH = 250


class Instruction(IntEnum):
    """What a packet asks for."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83


class Request(NamedTuple):
    """A packet whose checksum is right; ``size`` is that of the whole packet in bytes."""

    servo_id: int
    instruction: int
    params: bytes
    size: int


def checksum(body: bytes) -> int:
    """Of everything between header and checksum."""
    return ~sum(body) & 0xFF


def answer(servo_id: int, error: int, params: bytes = b"") -> bytes:
    """A status packet."""
    body = bytes([servo_id, len(params) + 2, error]) + params
    return HEADER + body + bytes([checksum(body)])


def split(buffer: bytearray) -> list[Request]:
    """Take the whole packets out of ``buffer``; noise and packets with a wrong checksum are lost, as on the wire."""
    requests: list[Request] = []
    while True:
        start = buffer.find(HEADER)
        if start < 0:
            del buffer[: max(0, len(buffer) - 1)]
            return requests
        del buffer[:start]
        if len(buffer) < 4:
            return requests
        length = buffer[3]
        if buffer[2] == 0xFF or not 2 <= length <= MAX_LENGTH:
            del buffer[:1]
            continue
        if len(buffer) < length + 4:
            return requests
        body, seen = bytes(buffer[2 : length + 3]), buffer[length + 3]
        if checksum(body) == seen:
            requests.append(Request(body[0], body[2], body[3:], length + 4))
            del buffer[: length + 4]
        else:
            del buffer[:1]
