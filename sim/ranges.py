"""Random draws from the ranges of a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.config import Placement, Range


class Sampler:
    """Draws in the order in which it is asked; the same generator state gives the same draws."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def one(self, span: Range) -> float:
        """A number in the range."""
        return float(self._rng.uniform(*span))

    def several(self, span: Range, count: int) -> tuple[float, ...]:
        """Numbers in the range, each drawn by itself."""
        return tuple(self._rng.uniform(*span, size=count).tolist())

    def near(self, values: Sequence[float], span: Range) -> tuple[float, ...]:
        """Each of the values with an offset of its own in the range."""
        return tuple(a + b for a, b in zip(values, self.several(span, len(values)), strict=True))

    def place(self, placement: Placement) -> tuple[tuple[float, float], float]:
        """Position x, y [m] and yaw [rad]."""
        return (self.one(placement.x_m), self.one(placement.y_m)), self.one(placement.yaw_rad)
