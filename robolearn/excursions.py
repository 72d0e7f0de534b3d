"""How far the tool was measured beyond its boxes: an arm that is pushed or sticks does not go where it was told."""

from __future__ import annotations

from collections.abc import Sequence

from robolearn.limits import Limits


class ExcursionGuard:
    """Compares where the tool really is with workspace and keep-out boxes, whatever was commanded.

    A tool that starts outside may come in by and by, but stray no farther than its slack from the best it reached."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._least_m = 0.0

    def start(self, tool_base_m: Sequence[float]) -> None:
        """The tool is here, and may be."""
        self._least_m = max(0.0, self._beyond_m(tool_base_m))

    def watch(self, tool_base_m: Sequence[float]) -> str | None:
        """Why the arm must stop now, or None."""
        beyond_m = self._beyond_m(tool_base_m)
        allowed_m = self._least_m + self._limits.tool_slack_m
        if beyond_m > allowed_m:
            where = ", ".join(f"{value:.3f}" for value in tool_base_m)
            return (
                f"the tool was measured at ({where}) m, {1e3 * beyond_m:.1f} mm beyond workspace or keep_out; "
                f"allowed are {1e3 * allowed_m:.1f} mm. Does the arm press against something?"
            )
        self._least_m = min(self._least_m, max(0.0, beyond_m))
        return None

    def _beyond_m(self, tool_base_m: Sequence[float]) -> float:
        """The farthest out of the workspace, or into a box that is kept out of; below zero if neither."""
        inside = [box.depth(tool_base_m) for box in self._limits.keep_out]
        return max([-self._limits.workspace.depth(tool_base_m), *inside])
