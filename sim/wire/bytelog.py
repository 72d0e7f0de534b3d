"""A log of the raw bytes on a line, one line of text for each piece: seconds, direction, bytes in hexadecimal."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Literal

Direction = Literal["in", "out"]


class ByteLog:
    """A context manager; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("a", encoding="ascii", buffering=1)

    def note(self, direction: Direction, data: bytes, line: str = "-") -> None:
        """Bytes as seen from the virtual device; ``line`` tells several connections apart."""
        if self._file is not None and data:
            self._file.write(f"{time.monotonic():.6f} {line} {direction} {data.hex(' ')}\n")

    def __enter__(self) -> ByteLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
