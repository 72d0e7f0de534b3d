"""End-to-end latency by correlating a motion that was commanded with the same motion as it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize_scalar

from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import DeviceError

MAX_DELAY_S = 0.5
COARSE_S = 0.005
MIN_CORRELATION = 0.97  # below this the two are not the same motion
MIN_SAMPLES = 30
SWEEP_HZ = (0.25, 0.9)  # slow enough for a camera, and never repeating within a recording
TAPER_S = 1.0  # the motion swells from rest


@dataclass(frozen=True)
class Latency:
    """Result of one device. All times are on the station's clock."""

    latency_s: Annotated[float, Key("from the event to when the station has it [s]", low=-1.0, high=MAX_DELAY_S)]
    stamp_late_s: Annotated[float | None, Key("how much later its stamp is than the event [s]")]  # None: not measured
    rate_hz: Annotated[float, Key("rate of its readings [1/s]", low=0.0)]


class Signal(NamedTuple):
    """One number over time."""

    time_s: Float  # (N,) ascending
    value: Float  # (N,)


class Delay(NamedTuple):
    """How much later one signal is than the other, and how alike they then are (1: the same shape)."""

    delay_s: float
    correlation: float


def sweep(time_s: Float) -> Float:
    """A motion (N,) in [-1, 1] that starts from rest and resembles itself at no other time."""
    low, high = SWEEP_HZ
    phase = 2.0 * np.pi * (low * time_s + 0.5 * (high - low) * time_s**2 / (10.0 + time_s))
    taper = np.clip(time_s / TAPER_S, 0.0, 1.0)
    shape = 0.7 * np.sin(phase) + 0.3 * np.sin(np.e * phase)
    return np.asarray(shape * taper * taper * (3.0 - 2.0 * taper))


def delay(cause: Signal, effect: Signal) -> Delay:
    """How much later ``effect`` is than ``cause``; their scales and signs do not matter.

    The correlation is taken over the times of ``effect``, with ``cause`` interpolated, so that the result is
    finer than either's sampling. Raises DeviceError if the two do not move alike."""
    inside = (effect.time_s >= cause.time_s[0] + MAX_DELAY_S) & (effect.time_s <= cause.time_s[-1])
    times, values = effect.time_s[inside], effect.value[inside]
    if len(times) < MIN_SAMPLES:
        raise DeviceError(f"latency needs {MIN_SAMPLES} readings of the motion, got {len(times)}: record it longer")
    seen = values - values.mean()
    spread = float(np.linalg.norm(seen))
    interpolated = PchipInterpolator(cause.time_s, cause.value)

    def unlike(shift_s: float) -> float:
        shifted = np.asarray(interpolated(times - shift_s), float)
        shifted = shifted - shifted.mean()
        norm = float(np.linalg.norm(shifted)) * spread
        return -abs(float(shifted @ seen)) / norm if norm > 0.0 else 0.0

    coarse = np.arange(0.0, MAX_DELAY_S, COARSE_S)
    best = float(coarse[np.argmin([unlike(shift) for shift in coarse])])
    fine = minimize_scalar(unlike, bounds=(best - 2 * COARSE_S, best + 2 * COARSE_S), method="bounded",
                           options={"xatol": 1e-5})  # fmt: skip
    correlation = -float(fine.fun)
    if correlation < MIN_CORRELATION:
        raise DeviceError(
            f"what was seen is not the motion that was made (correlation {correlation:.2f}): let the board fill more "
            "of the picture, and nothing else move"
        )
    return Delay(float(fine.x), correlation)


def main_motion(points: Float) -> Float:
    """One number (N,) for each of N places (N, D): along the direction in which they moved most."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ axes[0])
