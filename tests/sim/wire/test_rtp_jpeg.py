"""Pictures as RTP packets, field by field (RFC 3550 section 5.1, RFC 2435 section 3.1)."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from robolearn.errors import BorderError
from robolearn.mjpeg import as_jpeg
from sim.wire.rtp_jpeg import packets, scan

RTP = 12
STAMP_NS, SOURCE = 2_000_000_000, 7


def jpeg(width: int = 128, height: int = 96) -> bytes:
    return as_jpeg(np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8), 90)


def test_each_packet_says_where_it_belongs_and_together_they_are_the_picture() -> None:
    sent = packets(jpeg(), first=0xFFFF, stamp_ns=STAMP_NS, source=SOURCE)
    data = b""
    for index, packet in enumerate(sent):
        version, kind, number, ticks, source = struct.unpack_from(">BBHII", packet)
        offset, sampling, quality, width, height = struct.unpack_from(">IBBBB", packet, RTP)
        assert (version, kind & 0x7F, number) == (0x80, 26, (0xFFFF + index) & 0xFFFF)
        assert bool(kind & 0x80) is (packet is sent[-1])
        assert (ticks, source) == (180_000, SOURCE)
        assert (offset, sampling, quality, width, height) == (len(data), 1, 255, 16, 12)
        data += packet[RTP + 8 + (4 + 128 if index == 0 else 0) :]
    assert len(sent) > 2 and data == scan(jpeg()).data
    assert struct.unpack_from(">BBH", sent[0], RTP + 8) == (0, 0, 128)


@pytest.mark.parametrize("size", [(60, 48), (64, 44), (2048, 8)])
def test_a_size_that_it_cannot_carry_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BorderError, match=rf"JPEG: .*multiples of 8 up to 2040, got {size[0]}x{size[1]}"):
        packets(jpeg(*size), 0, 0, 0)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(BorderError, match="no scan"):
        scan(b"\xff\xd8\xff\xd9")
