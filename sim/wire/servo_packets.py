"""What the packets of all virtual servos share: instructions, and how requests are taken out of a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

BROADCAST = 0xFE


class Instruction(IntEnum):
    """What a packet asks for."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REG_WRITE = 0x04
    ACTION = 0x05
    REBOOT = 0x08  # of Dynamixels alone
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83


class Request(NamedTuple):
    """A packet whose checksum is right; ``size`` is that of the whole packet in bytes."""

    servo_id: int
    instruction: int
    params: bytes
    size: int


class Framing(NamedTuple):
    """How a protocol puts its packets between bytes."""

    header: bytes
    head: int  # bytes up to and with the length
    size: Callable[[bytes], int | None]  # of the packet with this head; None: no packet has such a head
    request: Callable[[bytes], Request | None]  # in a whole packet; None: its checksum is wrong


def split(buffer: bytearray, framing: Framing) -> list[Request]:
    """Take the whole packets out of ``buffer``; noise and packets with a wrong checksum are lost, as on the wire."""
    requests: list[Request] = []
    while _begins(buffer, framing.header) and len(buffer) >= framing.head:
        size = framing.size(bytes(buffer[: framing.head]))
        if size is not None and len(buffer) < size:
            break
        request = None if size is None else framing.request(bytes(buffer[:size]))
        if request is not None:
            requests.append(request)
        del buffer[: 1 if request is None else request.size]
    return requests


def _begins(buffer: bytearray, header: bytes) -> bool:
    """Drop what comes before the first header; False if there is none yet."""
    start = buffer.find(header)
    del buffer[: start if start >= 0 else max(0, len(buffer) - len(header) + 1)]
    return start >= 0
