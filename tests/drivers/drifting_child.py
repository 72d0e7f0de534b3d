"""``python -m tests.drivers.drifting_child FD START``: a virtual joint that goes slowly to its target."""

from __future__ import annotations

import struct
import time

from drivers.child import run_child

SPEED_RAD_S = 0.5
STATE = struct.Struct("<qd")  # stamp [ns], position [rad]


class Joint:
    """Implements ``drivers.child.Device``; it stands while its process stands."""

    poll_s = 0.005

    def __init__(self, start: str) -> None:
        self._position_rad = self._target_rad = float(start)
        self._moved_s = time.monotonic()

    def arm(self) -> None:
        """Nothing speaks against it."""

    def target(self, numbers: list[float]) -> None:
        """Where to go [rad]."""
        (self._target_rad,) = numbers

    def halt(self) -> None:
        """Stay here."""
        self._target_rad = self._position_rad

    def reading(self) -> bytes:
        """Where it is."""
        return STATE.pack(time.monotonic_ns(), self._position_rad)

    def keep_alive(self) -> None:
        """Move for as long as has passed, a poll or two at most."""
        now_s = time.monotonic()
        step_rad = SPEED_RAD_S * min(now_s - self._moved_s, 2 * self.poll_s)
        left_rad = self._target_rad - self._position_rad
        self._position_rad += min(max(left_rad, -step_rad), step_rad)
        self._moved_s = now_s

    def let_go(self) -> None:
        """Nothing to release."""


if __name__ == "__main__":
    run_child(Joint)
