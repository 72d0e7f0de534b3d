"""One line of the doctor's table."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Level(str, Enum):
    """How it is."""

    GREEN = "green"
    YELLOW = "yellow"  # it works, but not as well as it could, or nobody knows how well
    RED = "red"  # it does not work


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do about it (empty if it is green)."""

    what: str
    level: Level
    found: str
    do: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"what": self.what, "level": self.level.value, "found": self.found, "do": self.do}


def green(what: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(what, Level.GREEN, found)
