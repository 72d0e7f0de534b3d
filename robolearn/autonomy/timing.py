"""How long the parts of a control step take: medians and tails, against what the step allows them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

import numpy as np

NEWEST = 5000
SHARES: Mapping[str, float] = {  # of the policy's period
    "observe": 0.15,
    "encode": 0.30,
    "reward": 0.05,
    "policy": 0.10,
    "act": 0.30,
    "store": 0.05,
}


class Stopwatch:
    """Laps of a loop: :meth:`start` at its top, :meth:`lap` after each part."""

    def __init__(self) -> None:
        self._laps: dict[str, deque[float]] = {name: deque(maxlen=NEWEST) for name in SHARES}
        self._last_s = time.perf_counter()

    def start(self) -> None:
        """The next lap begins."""
        self._last_s = time.perf_counter()

    def lap(self, part: str) -> None:
        """``part``, one of SHARES, ends here."""
        now_s = time.perf_counter()
        self._laps[part].append(now_s - self._last_s)
        self._last_s = now_s

    def table(self, period_s: float) -> dict[str, dict[str, float]]:
        """p50, p99 and budget [ms] of each part that was timed; ``act`` includes the world it waits for."""
        return {
            part: {
                "p50_ms": float(np.percentile(laps, 50)) * 1e3,
                "p99_ms": float(np.percentile(laps, 99)) * 1e3,
                "budget_ms": SHARES[part] * period_s * 1e3,
            }
            for part, laps in self._laps.items()
            if laps
        }
