"""A JPEG picture as RTP packets (RFC 3550, RFC 2435): its headers stay behind, and the receiver makes them anew."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from robolearn.errors import BorderError

PAYLOAD_TYPE = 26  # JPEG, of the audio and video profile
RTP_HZ = 90_000
MOST_BYTES = 1400  # of payload in a packet, as where packets cross a network
VERSION = 0x80
LAST = 0x80  # mark of the last packet of a picture
TABLES_FOLLOW = 255  # as quality: the quantisation tables come with every picture
BLOCK, MOST_BLOCKS = 8, 255
START_OF_FRAME, TABLES, START_OF_SCAN, END = 0xC0, 0xDB, 0xDA, b"\xff\xd9"
TYPES = {0x21: 0, 0x22: 1}  # by the sampling of luminance: 4:2:2, 4:2:0


class Scan(NamedTuple):
    """What of a picture is sent."""

    kind: int  # type of RFC 2435
    width: int
    height: int
    tables: bytes  # of quantisation, 64 bytes each
    data: bytes


def scan(jpeg: bytes) -> Scan:
    """The parts of a baseline ``jpeg``. Raises BorderError for one that RFC 2435 cannot carry."""
    tables, kind, width, height = b"", -1, 0, 0
    for marker, body, after in _segments(jpeg):
        if marker == TABLES:
            tables += b"".join(body[at + 1 : at + 65] for at in range(0, len(body), 65))
        elif marker == START_OF_FRAME:
            height, width, sampling = (*struct.unpack_from(">HH", body, 1), body[7])
            kind = TYPES.get(sampling, -1)
        elif marker == START_OF_SCAN:
            if kind < 0:
                raise BorderError("JPEG: expected baseline, and colours at half resolution (4:2:0 or 4:2:2)")
            check_size("JPEG", width, height)
            return Scan(kind, width, height, tables, jpeg[after:].removesuffix(END))
    raise BorderError("JPEG: no scan in it")


def packets(jpeg: bytes, first: int, stamp_ns: int, source: int) -> list[bytes]:
    """The packets of a picture, numbered from ``first`` on; ``stamp_ns`` is its time [ns], ``source`` its sender."""
    picture = scan(jpeg)
    ticks = stamp_ns * RTP_HZ // 1_000_000_000 & 0xFFFFFFFF
    size = (picture.width // BLOCK, picture.height // BLOCK)
    tables = struct.pack(">BBH", 0, 0, len(picture.tables)) + picture.tables
    sent: list[bytes] = []
    for at in range(0, len(picture.data), MOST_BYTES):
        last = LAST if at + MOST_BYTES >= len(picture.data) else 0
        number = first + len(sent) & 0xFFFF
        rtp = struct.pack(">BBHII", VERSION, last | PAYLOAD_TYPE, number, ticks, source)
        head = struct.pack(">IBBBB", at, picture.kind, TABLES_FOLLOW, *size)
        sent.append(rtp + head + (b"" if at else tables) + picture.data[at : at + MOST_BYTES])
    return sent


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker and body of each segment, and where the next begins."""
    at = 2
    while at + 4 <= len(jpeg):
        _, marker, length = struct.unpack_from(">BBH", jpeg, at)
        yield marker, jpeg[at + 4 : at + 2 + length], at + 2 + length
        at += 2 + length


def check_size(who: str, width: int, height: int) -> None:
    """Raises BorderError that names ``who`` has pictures of a size that RFC 2435 cannot carry."""
    if width % BLOCK or height % BLOCK or max(width, height) > BLOCK * MOST_BLOCKS:
        raise BorderError(
            f"{who}: over RTSP, width and height must be multiples of {BLOCK} up to {BLOCK * MOST_BLOCKS}, "
            f"got {width}x{height}"
        )
