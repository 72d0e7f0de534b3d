"""How often something can be called."""

from __future__ import annotations

import time
from collections.abc import Callable

WARM_UP = 3


def calls_per_second(call: Callable[[], object], seconds: float) -> float:
    """Rate of ``call`` over at least ``seconds`` [s] and three calls, after a warm-up."""
    for _ in range(WARM_UP):
        call()
    calls, start = 0, time.perf_counter()
    while calls < 3 or time.perf_counter() - start < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - start)
