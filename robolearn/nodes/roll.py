"""Who tells of themselves each second, and who has fallen silent or has begun anew: killed nodes cannot say so."""

from __future__ import annotations

from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus

SILENT_S = 3.0  # a node reports each second
DONE = "done"  # a value in the last report of a node whose work is done: nobody misses it


class _Known(NamedTuple):
    """One node: which process it was, and when it last told of itself."""

    process: str
    heard_s: float


class Roll:
    """Calls the roll of a cell. A new process is told once, and who is missing as long as they are."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def heard(self, status: DiagnosticStatus, now_s: float) -> str:
        """A node tells of itself; returns what is wrong with that, or an empty text."""
        before = self._known.pop(status.name, None)
        if any(pair.key == DONE for pair in status.values):
            return ""
        self._known[status.name] = _Known(status.hardware_id, now_s)
        if before is None or before.process == status.hardware_id:
            return ""
        return f"{status.name} has begun anew: it was {before.process}, and is {status.hardware_id}"

    def missing(self, now_s: float) -> list[str]:
        """Nodes that are silent, and for how long."""
        silent_s = {name: now_s - one.heard_s for name, one in self._known.items()}
        return [f"{name} has been silent for {for_s:.0f} s" for name, for_s in silent_s.items() if for_s > SILENT_S]

    def excuse(self, seconds: float) -> None:
        """Nobody could be heard for so long."""
        for name, one in self._known.items():
            self._known[name] = one._replace(heard_s=one.heard_s + seconds)
