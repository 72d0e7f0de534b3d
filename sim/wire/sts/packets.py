"""Packets of the STS bus: ``FF FF ID LEN INS params checksum``, and the answers to them."""

from __future__ import annotations

from sim.wire.servo_packets import Framing, Request

HEADER = b"\xff\xff"
HEAD = 4  # bytes up to and with the length
MAX_LENGTH = 250


def checksum(body: bytes) -> int:
    """Of everything between header and checksum."""
    return ~sum(body) & 0xFF


def answer(servo_id: int, error: int, params: bytes = b"") -> bytes:
    """A status packet."""
    body = bytes([servo_id, len(params) + 2, error]) + params
    return HEADER + body + bytes([checksum(body)])


def _size(head: bytes) -> int | None:
    _, _, servo_id, length = head
    return HEAD + length if servo_id != 0xFF and 2 <= length <= MAX_LENGTH else None


def _request(whole: bytes) -> Request | None:
    body, seen = whole[len(HEADER) : -1], whole[-1]
    return Request(body[0], body[2], body[3:], len(whole)) if checksum(body) == seen else None


FRAMING = Framing(HEADER, HEAD, _size, _request)
