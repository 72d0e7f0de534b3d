"""Where a tool leaves its box, targets stay with the joints: one that is held up is not left behind by the others.

Targets are kept within the boxes, but only an arm that follows is where its targets are. One of which a joint sticks,
while the others go on to where they were told, takes its tool elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

_LEAD_RAD = 0.02  # ahead of a joint that stands still; five times what a stiff servo needs for all its torque
_LAG_S = 0.04  # and of one that moves, as far as it gets in this time besides
_APART = 0.5  # of a control period: readings that are nearer to each other say little of speed


class LeadGuard:
    """Keeps each joint's target near where the joint was measured."""

    def __init__(self, period_s: float) -> None:
        self._apart_ns = _APART * period_s * 1e9

    def start(self, position_rad: Sequence[float], stamp_ns: int) -> None:
        """The joints (J,) are here, at rest."""
        self._position_rad = self._last_rad = position_rad
        self._last_ns = stamp_ns
        self._speed_rad_s = [0.0] * len(position_rad)

    def watch(self, position_rad: Sequence[float], stamp_ns: int) -> None:
        """The joints (J,) were measured here."""
        self._position_rad = position_rad
        passed_ns = stamp_ns - self._last_ns
        if passed_ns < self._apart_ns:
            return
        moved = zip(position_rad, self._last_rad, strict=True)
        self._speed_rad_s = [(now - before) / (passed_ns * 1e-9) for now, before in moved]
        self._last_rad, self._last_ns = position_rad, stamp_ns

    def bound(self, target_rad: Sequence[float]) -> list[float]:
        """``target_rad`` (J,) [rad], as far as the joints may be led now."""
        return [
            min(max(target, here - _ahead_rad(speed)), here + _ahead_rad(speed))
            for target, here, speed in zip(target_rad, self._position_rad, self._speed_rad_s, strict=True)
        ]


def _ahead_rad(speed_rad_s: float) -> float:
    return _LEAD_RAD + _LAG_S * abs(speed_rad_s)
