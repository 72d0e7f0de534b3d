"""Arrays, and their border check: finite, of the right shape, in range, fresh. One for the whole project.

NaN never passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robolearn.errors import BorderError

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class ArraySpec:
    """Shape, unit and closed range of a float array; :meth:`check` is the one border check of the project."""

    name: str
    shape: tuple[int, ...]
    unit: str
    low: Float
    high: Float

    @staticmethod
    def of(name: str, unit: str, low: ArrayLike, high: ArrayLike) -> ArraySpec:
        """Spec whose shape is that of the broadcast bounds. Raises BorderError if a bound is NaN or low > high."""
        low_array, high_array = np.broadcast_arrays(np.asarray(low, float), np.asarray(high, float))
        if not (low_array <= high_array).all():
            raise BorderError(f"{name}: bounds must be numbers with low <= high, got {low_array} and {high_array}")
        return ArraySpec(name, low_array.shape, unit, low_array.copy(), high_array.copy())

    def check(self, value: ArrayLike) -> Float:
        """Return a float64 copy of ``value``. Raises BorderError if shape, finiteness or range is wrong."""
        array = np.array(value, dtype=float)
        if array.shape != self.shape:
            raise BorderError(f"{self.name}: expected shape {self.shape}, got {array.shape}")
        if not np.isfinite(array).all():
            raise BorderError(f"{self.name}: not finite: {array} [{self.unit}]")
        if not ((self.low <= array) & (array <= self.high)).all():
            raise BorderError(f"{self.name}: {array} is outside [{self.low}, {self.high}] {self.unit}")
        return array


def check_age(name: str, stamp_ns: int, now_ns: int, max_age_ns: int) -> int:
    """Return the age [ns] of a reading. Raises BorderError if it is older than allowed or from the future."""
    age_ns = now_ns - stamp_ns
    if not 0 <= age_ns <= max_age_ns:
        raise BorderError(f"{name}: age {age_ns / 1e6:.1f} ms is outside [0, {max_age_ns / 1e6:.1f}] ms")
    return age_ns
