"""Packets of protocol 2.0: ``FF FF FD 00 ID LEN INS params CRC``, stuffed where they would look like a header."""

from __future__ import annotations

from sim.wire.servo_packets import Framing, Request

HEADER = b"\xff\xff\xfd\x00"
STATUS = 0x55
MARK, STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"
MAX_LENGTH = 1024
HEAD = 7  # bytes up to and with the length


def _crc_of(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ 0x8005 if crc & 0x8000 else crc << 1
    return crc & 0xFFFF


_CRC = tuple(_crc_of(byte) for byte in range(256))


def checksum(data: bytes) -> int:
    """CRC-16, polynomial 0x8005, from zero, of everything before it."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC[crc >> 8 ^ byte]
    return crc


def packet(servo_id: int, instruction: int, params: bytes) -> bytes:
    """A whole packet."""
    body = (bytes([instruction]) + params).replace(MARK, STUFFED)
    head = HEADER + bytes([servo_id]) + (len(body) + 2).to_bytes(2, "little")
    return head + body + checksum(head + body).to_bytes(2, "little")


def answer(servo_id: int, error: int, params: bytes = b"") -> bytes:
    """A status packet."""
    return packet(servo_id, STATUS, bytes([error]) + params)


def _size(head: bytes) -> int | None:
    length = int.from_bytes(head[5:7], "little")
    return HEAD + length if 3 <= length <= MAX_LENGTH else None


def _request(whole: bytes) -> Request | None:
    if checksum(whole[:-2]) != int.from_bytes(whole[-2:], "little"):
        return None
    body = whole[HEAD:-2].replace(STUFFED, MARK)
    return Request(whole[4], body[0], body[1:], len(whole))


FRAMING = Framing(HEADER, HEAD, _size, _request)
