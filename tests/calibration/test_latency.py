"""Latency from two recordings of one motion."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.latency import Signal, delay, main_motion, sweep
from robolearn.errors import DeviceError

TIME_S = np.arange(0.0, 12.0, 0.02)


def seen(late_s: float, rate_hz: float = 15.0, scale: float = -40.0, noise: float = 0.3) -> Signal:
    """The sweep as a camera shows it: at its own times, in pixels, upside down, with noise."""
    time_s = np.arange(0.003, 12.0, 1.0 / rate_hz)
    motion = scale * sweep(np.maximum(time_s - late_s, 0.0))
    return Signal(time_s, motion + np.random.default_rng(0).normal(0.0, noise, len(time_s)))


@pytest.mark.parametrize("late_s", [0.0, 0.013, 0.047, 0.2])
def test_a_delay_is_found_finer_than_the_frames(late_s: float) -> None:
    found = delay(Signal(TIME_S, sweep(TIME_S)), seen(late_s))
    assert found.delay_s == pytest.approx(late_s, abs=0.002) and found.correlation > 0.99


def test_a_motion_that_is_another_one_is_refused() -> None:
    other = Signal(TIME_S, np.random.default_rng(1).normal(size=len(TIME_S)).cumsum())
    with pytest.raises(DeviceError, match="not the motion that was made"):
        delay(Signal(TIME_S, sweep(TIME_S)), other)


def test_too_short_a_recording_is_refused() -> None:
    with pytest.raises(DeviceError, match="needs 30 readings"):
        delay(Signal(TIME_S, sweep(TIME_S)), Signal(*(part[:10] for part in seen(0.0))))


def test_the_sweep_starts_from_rest_and_stays_within_one() -> None:
    motion = sweep(np.arange(0.0, 60.0, 0.01))
    assert np.abs(np.diff(motion[:3])).max() < 1e-3 and np.abs(motion).max() <= 1.0


def test_the_main_motion_is_that_along_which_the_points_moved_most() -> None:
    along = np.array([0.0, 1.0, 2.0, 3.0])
    points = np.outer(along, [3.0, 4.0]) + np.array([[0.01, 0.0], [0.0, 0.01], [0.0, 0.0], [0.0, 0.0]])
    assert np.abs(np.diff(main_motion(points))) == pytest.approx(5.0, abs=0.05)
