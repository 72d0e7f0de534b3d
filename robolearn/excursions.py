"""How far the tool was measured beyond its boxes: an arm that is pushed or sticks does not go where it was told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from robolearn.limits import KEEP_OUT, WORKSPACE, Limits

ASTRAY = 0.5  # of the slack: before the arm has to be stopped, it is not led any farther
LEADS_BACK = 0.5  # so much of a step's length has to
BRAKES_S = 0.06  # an arm that is told to turn goes on for about so long
SWING_NS = 100_000_000  # a servo that overshoots has swung back by then; stopped on its way out, it would stay there


class ExcursionGuard:
    """Compares where the tool really is with workspace and keep-out boxes, whatever was commanded.

    Farther out than its slack the tool may swing for a moment, but never twice as far. One that starts outside may come
    in by and by, but stray no farther from the best it reached. One that is re-armed where it was stopped has to come
    back."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._least_m = self._beyond_m = self._allowed_m = 0.0
        self._tool_base_m: Sequence[float] = ()
        self._stopped_base_m: Sequence[float] | None = None
        self._since_ns: int | None = None  # beyond what is allowed
        self._stamp_ns = 0
        self._braking_m = 0.0  # how much farther out the tool comes before it turns

    @property
    def inside(self) -> bool:
        """True if the tool is no farther out than it may rest."""
        return self._beyond_m <= self._least_m

    @property
    def leaves(self) -> bool:
        """True if the tool is out, or is on its way out and could not turn before."""
        return self._beyond_m + self._braking_m > self._least_m

    @property
    def astray(self) -> bool:
        """True if only steps that lead back may pass: so far out is the tool, or on its way out and that fast."""
        most_m = ASTRAY * self._limits.tool_slack_m
        rushes_out = self._braking_m > most_m and self._beyond_m + self._braking_m > self._least_m
        return rushes_out or self._beyond_m > self._least_m + most_m

    @property
    def box(self) -> str:
        """Which of ``CLIP_CODES`` names the box that the tool is beyond, or nearest to."""
        return WORKSPACE if self._beyond_m == -self._limits.workspace.depth(self._tool_base_m) else KEEP_OUT

    def start(self, tool_base_m: Sequence[float]) -> None:
        """The tool is here, and may be."""
        self._look(tool_base_m)
        stopped = self._stopped_base_m
        if stopped is None or math.dist(stopped, tool_base_m) > self._limits.tool_slack_m:
            self._least_m = max(0.0, self._beyond_m)
        self._allowed_m = self._allowed_from_here_m()
        self._stopped_base_m = self._since_ns = None
        self._braking_m = 0.0

    def watch(self, tool_base_m: Sequence[float], stamp_ns: int) -> str | None:
        """Why the arm must stop now, or None."""
        before_m = self._beyond_m
        self._look(tool_base_m)
        self._look_ahead(before_m, stamp_ns)
        if self._beyond_m > self._allowed_m:
            self._since_ns = stamp_ns if self._since_ns is None else self._since_ns
            swings = stamp_ns - self._since_ns < SWING_NS
            return None if swings and self._beyond_m <= self._allowed_m + self._limits.tool_slack_m else self._stopped()
        self._since_ns = None
        self._least_m = min(self._least_m, max(0.0, self._beyond_m))
        self._allowed_m = min(self._allowed_m, self._allowed_from_here_m())
        return None

    def leads_back(self, end_base_m: Sequence[float]) -> bool:
        """True if a step from where the tool was measured to ``end_base_m`` goes mostly back."""
        way_m = math.dist(self._tool_base_m, end_base_m)
        return self._beyond_m - self._how_far(end_base_m) >= LEADS_BACK * way_m

    def _allowed_from_here_m(self) -> float:
        """The slack from the best place; more where that would leave nothing to come back with."""
        slack_m = self._limits.tool_slack_m
        return max(self._least_m + slack_m, self._beyond_m + ASTRAY * slack_m)

    def _stopped(self) -> str:
        """Why the arm must stop."""
        self._stopped_base_m = self._tool_base_m
        where = ", ".join(f"{value:.3f}" for value in self._tool_base_m)
        return (
            f"{self.box}: the tool was measured at ({where}) m, {1e3 * self._beyond_m:.1f} mm beyond it; "
            f"allowed are {1e3 * self._allowed_m:.1f} mm. Does the arm press against something?"
        )

    def _look_ahead(self, before_m: float, stamp_ns: int) -> None:
        """A reading that comes again says nothing of speed."""
        passed_s = (stamp_ns - self._stamp_ns) * 1e-9
        if passed_s > 0.0:
            self._braking_m = BRAKES_S * max(0.0, self._beyond_m - before_m) / passed_s
        self._stamp_ns = stamp_ns

    def _look(self, tool_base_m: Sequence[float]) -> None:
        self._tool_base_m, self._beyond_m = tool_base_m, self._how_far(tool_base_m)

    def _how_far(self, tool_base_m: Sequence[float]) -> float:
        """The farthest out of the workspace, or into a box that is kept out of; below zero if neither [m]."""
        inside = [box.depth(tool_base_m) for box in self._limits.keep_out]
        return max([-self._limits.workspace.depth(tool_base_m), *inside])
