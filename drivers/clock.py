"""Real time."""

from __future__ import annotations

import time


class RealClock:
    """Implements ``Clock`` on the operating system's monotonic clock, which all processes of a machine share."""

    def now_ns(self) -> int:
        """Nanoseconds since the machine started."""
        return time.monotonic_ns()

    def sleep_until(self, stamp_ns: int) -> None:
        """Sleep; never busily."""
        while (left_ns := stamp_ns - time.monotonic_ns()) > 0:
            time.sleep(left_ns * 1e-9)
