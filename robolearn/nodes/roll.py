"""Who tells of themselves each second, and who has fallen silent or has begun anew: killed nodes cannot say so."""

from __future__ import annotations

from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus

SILENT_S = 3.0  # a node reports each second


class _Known(NamedTuple):
    """One node: which process it was, and when it last told of itself."""

    process: str
    heard_s: float
    told: bool = False  # that it is silent


class Roll:
    """Calls the roll of a cell; every fault is told once."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def heard(self, status: DiagnosticStatus, now_s: float) -> str:
        """A node tells of itself; returns what is wrong with that, or an empty text."""
        before = self._known.get(status.name)
        self._known[status.name] = _Known(status.hardware_id, now_s)
        if before is None or before.process == status.hardware_id:
            return ""
        return f"{status.name} has begun anew: it was {before.process}, and is {status.hardware_id}"

    def missing(self, now_s: float) -> list[str]:
        """Nodes that have fallen silent since the last call."""
        silent = [name for name, one in self._known.items() if not one.told and now_s - one.heard_s > SILENT_S]
        for name in silent:
            self._known[name] = self._known[name]._replace(told=True)
        return [f"{name} has been silent for {SILENT_S:g} s" for name in silent]

    def excuse(self, seconds: float) -> None:
        """Nobody could be heard for so long."""
        for name, one in self._known.items():
            self._known[name] = one._replace(heard_s=one.heard_s + seconds)
