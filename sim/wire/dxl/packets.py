"""Packets of protocol 2.0: ``FF FF FD 00 ID LEN INS params CRC``, stuffed where they would look like a header."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

HEADER = b"\xff\xff\xfd\x00"
BROADCAST = 0xFE
STATUS = 0x55
MARK, STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"
MAX_LENGTH = 1024
HEAD = 7  # bytes up to and with the length


class Instruction(IntEnum):
    """What a packet asks for."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    REBOOT = 0x08
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83


class Request(NamedTuple):
    """A packet whose checksum is right; ``size`` is that of the whole packet in bytes."""

    servo_id: int
    instruction: int
    params: bytes
    size: int


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


def split(buffer: bytearray) -> list[Request]:
    """Take the whole packets out of ``buffer``; noise and packets with a wrong checksum are lost, as on the wire."""
    requests: list[Request] = []
    while True:
        start = buffer.find(HEADER)
        if start < 0:
            del buffer[: max(0, len(buffer) - len(HEADER) + 1)]
            return requests
        del buffer[:start]
        if len(buffer) < HEAD:
            return requests
        length = int.from_bytes(buffer[5:7], "little")
        if not 3 <= length <= MAX_LENGTH:
            del buffer[:1]
            continue
        size = HEAD + length
        if len(buffer) < size:
            return requests
        whole = bytes(buffer[:size])
        if checksum(whole[:-2]) == int.from_bytes(whole[-2:], "little"):
            body = whole[HEAD:-2].replace(STUFFED, MARK)
            requests.append(Request(whole[4], body[0], body[1:], size))
            del buffer[:size]
        else:
            del buffer[:1]
