"""What a driver and its child process say to each other: one datagram each, first byte the kind."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

READING, ARMED, FAILED = b"r", b"a", b"f"  # from the child; a failure is followed by its text
TARGET, ARM, HALT = b"t", b"A", b"H"  # to the child; a target is followed by its numbers
NUMBER = struct.calcsize("<d")


def pack_numbers(numbers: Sequence[float]) -> bytes:
    """Numbers of a target."""
    return struct.pack(f"<{len(numbers)}d", *numbers)


def unpack_numbers(words: bytes) -> list[float]:
    """Numbers of a target, as they were packed."""
    return list(struct.unpack(f"<{len(words) // NUMBER}d", words))


@dataclass(frozen=True)
class ChildSettings:
    """What a child must know, handed over in its command line. A driver adds the fields."""

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """From one line."""
        return cls(**json.loads(line))
