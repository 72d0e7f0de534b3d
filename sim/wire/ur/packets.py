"""RTDE version 2 as bytes: ``u16 size (header included), u8 kind, payload``, all big-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

from robolearn.errors import BorderError

HEADER = struct.Struct(">HB")
Values = tuple[float, ...]


class Kind(IntEnum):
    """The byte after the size; the same in a request and in its answer."""

    CONTROLLER_VERSION = 118
    PROTOCOL_VERSION = 86
    DATA = 85
    OUTPUTS = 79
    INPUTS = 73
    START = 83
    PAUSE = 80
    TEXT = 77


TYPES = {
    "UINT8": "B",
    "UINT32": "I",
    "UINT64": "Q",
    "INT32": "i",
    "DOUBLE": "d",
    "VECTOR3D": "3d",
    "VECTOR6D": "6d",
    "VECTOR6INT32": "6i",
}


def packet(kind: Kind, payload: bytes = b"") -> bytes:
    """One packet."""
    return HEADER.pack(HEADER.size + len(payload), kind) + payload


def split(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take every whole packet (kind, payload) off the front of ``buffer``. Raises BorderError for a size below 3."""
    while len(buffer) >= HEADER.size:
        size, kind = HEADER.unpack_from(buffer)
        if size < HEADER.size:
            raise BorderError(f"RTDE packet of {size} bytes: the header alone has {HEADER.size}")
        if len(buffer) < size:
            return
        payload = bytes(buffer[HEADER.size : size])
        del buffer[:size]
        yield kind, payload


def names_in(text: bytes) -> tuple[str, ...]:
    """Variable names of a set-up request; clients end the list with a comma or not."""
    return tuple(name for name in text.decode("ascii", "replace").split(",") if name)


@dataclass(frozen=True)
class Recipe:
    """An agreed order of variables. Its data packets are the recipe's number and the values, packed."""

    number: int
    names: tuple[str, ...]
    layout: struct.Struct
    counts: tuple[int, ...]  # values of each variable

    @staticmethod
    def of(number: int, names: Iterable[str], types: Mapping[str, str]) -> Recipe:
        """Recipe for ``names``, all of them in ``types``."""
        ordered = tuple(names)
        codes = [TYPES[types[name]] for name in ordered]
        counts = tuple(int(code[:-1] or 1) for code in codes)
        return Recipe(number, ordered, struct.Struct(">B" + "".join(codes)), counts)

    def pack(self, values: Mapping[str, Values]) -> bytes:
        """A data packet of the newest values."""
        flat = chain.from_iterable(map(values.__getitem__, self.names))
        return packet(Kind.DATA, self.layout.pack(self.number, *flat))

    def unpack(self, payload: bytes) -> dict[str, Values]:
        """Values by name. Raises BorderError for a payload of another length."""
        if len(payload) != self.layout.size:
            raise BorderError(f"RTDE recipe {self.number}: {len(payload)} bytes of data, agreed {self.layout.size}")
        flat = iter(self.layout.unpack(payload)[1:])
        return {name: tuple(next(flat) for _ in range(n)) for name, n in zip(self.names, self.counts, strict=True)}
