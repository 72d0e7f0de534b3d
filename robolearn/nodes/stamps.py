"""Stamps at the border to ROS: inside is one monotonic clock [ns], outside are message headers.

Without simulated time, a header is wall time. It is converted by the offset between the two clocks at that moment, so
a wall clock that is set while the cell runs spoils the messages in flight, which are refused, and nothing after them.
With simulated time both are the time of the twin.
"""

from __future__ import annotations

import time

from builtin_interfaces.msg import Time

NS = 1_000_000_000
STEP_NS = NS // 2  # a jump between the clocks that no slewing explains
HELD_UP_NS, TRIES = 200_000, 3  # two looks at a clock take far less


def to_time(stamp_ns: int) -> Time:
    """Nanoseconds as a message."""
    seconds, nanoseconds = divmod(stamp_ns, NS)
    return Time(sec=seconds, nanosec=nanoseconds)


def to_ns(stamp: Time) -> int:
    """A message as nanoseconds."""
    return int(stamp.sec) * NS + int(stamp.nanosec)


class Stamps:
    """Converts between the monotonic clock of a process and message headers."""

    def __init__(self, simulated: bool) -> None:
        self._simulated = simulated
        self._offset_ns = _wall_offset_ns()

    def header(self, stamp_ns: int) -> Time:
        """A stamp of this process as one for a header."""
        return to_time(stamp_ns + self._measured())

    def internal(self, stamp: Time) -> int:
        """A header's stamp as one of this process [ns]."""
        return to_ns(stamp) - self._measured()

    def stepped_s(self) -> float:
        """How far the wall clock has been set since the last call [s]; 0 if it has only been slewed."""
        before, self._offset_ns = self._offset_ns, _wall_offset_ns()
        step_ns = self._offset_ns - before
        return step_ns / NS if abs(step_ns) > STEP_NS else 0.0

    def _measured(self) -> int:
        return 0 if self._simulated else _wall_offset_ns()


def _wall_offset_ns() -> int:
    """Looked at between two looks at the other clock, and again where this process was held up in between."""
    for _ in range(TRIES):
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        between_ns = time.monotonic_ns() - before_ns
        if between_ns < HELD_UP_NS:
            break
    return wall_ns - before_ns - between_ns // 2
