"""The scripts that the virtual controller knows, by hash. No other is run: URScript is not interpreted here."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Known(NamedTuple):
    """Who sends a script."""

    client: str
    polyscope: str


KNOWN = {"596761a93dfb175355b265245f9b94f8807528bf7ff85a654a61448f82ae8bf8": Known("ur-rtde 1.6.5", "5.11 to 5.15")}
END = b"\nend\n"


def identify(script: bytes) -> Known | None:
    """Whose control script this is, or None: then it must not be run."""
    return KNOWN.get(hashlib.sha256(script).hexdigest())


def take(buffer: bytearray) -> bytes | None:
    """Take one whole script off the front of ``buffer``: up to the first ``end`` without indentation."""
    at = buffer.find(END)
    if at < 0:
        return None
    script = bytes(buffer[: at + len(END)])
    del buffer[: at + len(END)]
    return script
