"""The scripts that the virtual controller knows, by hash. No other is run: URScript is not interpreted here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from robolearn.errors import BorderError


class Known(NamedTuple):
    """Who sends a script."""

    client: str
    polyscope: str


KNOWN = {"596761a93dfb175355b265245f9b94f8807528bf7ff85a654a61448f82ae8bf8": Known("ur-rtde 1.6.5", "5.11 to 5.15")}
END = b"\nend\n"
LONGEST = 1 << 20


def identify(script: bytes) -> Known | None:
    """Whose control script this is, or None: then it must not be run."""
    return KNOWN.get(hashlib.sha256(script).hexdigest())


class ScriptChannel:
    """One connection on port 30003: scripts come in, and nothing is said."""

    def __init__(self, run: Callable[[bytes], None]) -> None:
        """``run`` is called with each whole script: up to the first ``end`` without indentation."""
        self._run = run
        self._buffer = bytearray()

    def greet(self) -> bytes:
        """Nothing."""
        return b""

    def due(self) -> bytes:
        """Nothing."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Take in a piece of a script. Raises BorderError for one that is endless."""
        self._buffer += data
        while (at := self._buffer.find(END)) >= 0:
            script = bytes(self._buffer[: at + len(END)])
            del self._buffer[: at + len(END)]
            self._run(script)
        if len(self._buffer) > LONGEST:
            raise BorderError(f"script of more than {LONGEST} bytes without an end")
        return b""
