"""Lock-step time: the clock of the twin advances only when somebody sleeps on it, and physics runs meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from robolearn.errors import BorderError

NS = 1_000_000_000


class LockStepClock:
    """Implements ``Clock``; ``advance(period_ns)`` is called once per control period."""

    def __init__(self, control_hz: float, advance: Callable[[int], None]) -> None:
        self._period_ns = round(NS / control_hz)
        self._advance = advance
        self._now_ns = 0

    @property
    def lock_step(self) -> bool:
        """Time always stands still while nobody sleeps on it."""
        return True

    def now_ns(self) -> int:
        """Simulated nanoseconds since the twin was built."""
        return self._now_ns

    def sleep_until(self, stamp_ns: int) -> None:
        """Run whole control periods until ``stamp_ns``. Raises BorderError if it is not on a period's edge."""
        periods, rest = divmod(stamp_ns - self._now_ns, self._period_ns)
        if rest:
            raise BorderError(f"twin clock: {stamp_ns} ns is not a whole number of {self._period_ns} ns periods away")
        for _ in range(periods):
            self._advance(self._period_ns)
            self._now_ns += self._period_ns
