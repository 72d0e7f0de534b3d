"""What a node tells of itself once a second: rate, jitter, age and drops of its streams, and its last error."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus

from robolearn.nodes.messages import from_values

HOST = socket.gethostname()
HARDWARE = f"{HOST}:{os.getpid()}"
STARTED_NS = time.time_ns()
STARTED = "started_ns"
MOST_ERRORS = 20  # of different text in one report
MISSED_PERIODS = 1.5  # a longer gap is a drop


class Stream:
    """One stream of readings, published or received. ``rate_hz`` is what it should be; 0: nobody knows."""

    def __init__(self, rate_hz: float = 0.0) -> None:
        self._period_s = 1.0 / rate_hz if rate_hz else math.inf
        self._last_ns: int | None = None
        self._drops = 0
        self._gaps_s: list[float] = []
        self._oldest_ns = 0

    def note(self, stamp_ns: int, now_ns: int) -> None:
        """A reading with this stamp has passed."""
        self._oldest_ns = max(self._oldest_ns, now_ns - stamp_ns)
        if self._last_ns is not None and stamp_ns > self._last_ns:
            gap_s = (stamp_ns - self._last_ns) * 1e-9
            self._gaps_s.append(gap_s)
            if gap_s > MISSED_PERIODS * self._period_s:
                self._drops += round(gap_s / self._period_s) - 1
        self._last_ns = stamp_ns

    def lost(self, count: int) -> None:
        """So many have not come through."""
        self._drops += count

    def values(self) -> dict[str, str]:
        """What was seen since the last call; drops are counted from the start."""
        gaps, oldest_ns, drops = self._gaps_s, self._oldest_ns, {"drops": str(self._drops)}
        self._gaps_s, self._oldest_ns = [], 0
        if not gaps:
            return {"rate_hz": "0"} | drops
        mean_s = sum(gaps) / len(gaps)
        spread_s = math.sqrt(sum((gap - mean_s) ** 2 for gap in gaps) / len(gaps))
        figures = {"rate_hz": 1.0 / mean_s, "jitter_ms": spread_s * 1e3, "age_ms": oldest_ns * 1e-6}
        return {name: f"{value:.3f}" for name, value in figures.items()} | drops


class Health:
    """Streams, errors and further values of one node."""

    def __init__(self, name: str) -> None:
        """``name`` is the full name of the node."""
        self.name = name
        self.streams: dict[str, Stream] = {}
        self.values: dict[str, object] = {}
        self._error = ""
        self._errors = 0
        self._fresh: dict[str, None] = {}  # errors since the last report, each once

    def error(self, text: str) -> None:
        """Something went wrong: the next report names it as an error, later ones as the last error."""
        self._error, self._errors = text, self._errors + 1
        if len(self._fresh) < MOST_ERRORS:
            self._fresh[text] = None

    def report(self, state: Mapping[str, object]) -> DiagnosticStatus:
        """The report of this second; ``state`` is put before the figures."""
        level = DiagnosticStatus.ERROR if self._fresh else DiagnosticStatus.OK
        text = "; ".join(self._fresh) or "ok"
        self._fresh = {}
        streams = {
            f"{name}.{key}": value for name, stream in self.streams.items() for key, value in stream.values().items()
        }
        errors = {"last_error": self._error, "errors": self._errors}
        values = {STARTED: STARTED_NS, **state, **streams, **self.values, **errors}
        return from_values(self.name, level, text, values, HARDWARE)
