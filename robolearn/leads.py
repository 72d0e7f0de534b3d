"""Targets stay with the joints: what a servo was told last it goes on to, whatever becomes of those who told it.

A joint that is held up is then not left behind by the others, which would take the tool elsewhere, and does not leap
far once it is free. An arm whose line is cut is soon at rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from robolearn.limits import Limits

_LAG_S = 0.06  # a joint that follows is so far behind its target, in time
_PATIENCE_NS = 100_000_000  # with one that does not: it may just be getting going
_APART = 0.5  # of a control period: readings that are nearer to each other say little of speed


class LeadGuard:
    """Keeps targets near an arm of which a joint does not follow, on the straight way there (in joint space)."""

    def __init__(self, limits: Limits, period_s: float) -> None:
        self._lead_rad = limits.joint_lead_rad
        self._apart_ns = _APART * period_s * 1e9

    def start(self, position_rad: Sequence[float], stamp_ns: int) -> None:
        """The joints (J,) are here, at rest."""
        self._position_rad = self._last_rad = position_rad
        self._now_ns = self._last_ns = stamp_ns
        self._speed_rad_s = [0.0] * len(position_rad)
        self._follows_ns = [stamp_ns] * len(position_rad)  # until when each joint has followed

    def watch(self, position_rad: Sequence[float], stamp_ns: int) -> None:
        """The joints (J,) were measured here. Once a command: how often others read changes nothing."""
        self._position_rad, self._now_ns = position_rad, stamp_ns
        passed_ns = stamp_ns - self._last_ns
        if passed_ns < self._apart_ns:
            return
        moved = zip(position_rad, self._last_rad, strict=True)
        self._speed_rad_s = [(now - before) / (passed_ns * 1e-9) for now, before in moved]
        self._last_rad, self._last_ns = position_rad, stamp_ns

    def bound(self, target_rad: list[float], at_once: bool = False) -> list[float]:
        """``target_rad`` (J,) [rad], or as much of the way there as the joints may be led; ``at_once``: no patience."""
        leads = [target - here for target, here in zip(target_rad, self._position_rad, strict=True)]
        share = min(self._share(joint, lead, at_once) for joint, lead in enumerate(leads))
        if share >= 1.0:
            return target_rad
        return [here + share * lead for here, lead in zip(self._position_rad, leads, strict=True)]

    def _share(self, joint: int, lead_rad: float, at_once: bool) -> float:
        """How much of its lead a joint allows; 1: all of it."""
        ahead_rad_s = math.copysign(1.0, lead_rad) * self._speed_rad_s[joint]
        most_rad = self._lead_rad[joint] + _LAG_S * max(0.0, ahead_rad_s)
        if abs(lead_rad) <= most_rad:
            self._follows_ns[joint] = self._now_ns
            return 1.0
        waits = not at_once and self._now_ns - self._follows_ns[joint] < _PATIENCE_NS
        return 1.0 if waits else most_rad / abs(lead_rad)
