"""Intrinsics from sightings, and the advice on what to show next."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calibration.board import Sighting, load_board
from calibration.geometry import Rigid, rotation
from calibration.intrinsics import MIN_VIEWS, Intrinsics, Views, calibrate
from robolearn.contracts import Float
from robolearn.errors import DeviceError
from tests.calibration.cell import simple_lens

BOARD = load_board("charuco_a4")
LENS = simple_lens((-0.25, 0.08, 0.0006, -0.0004, 0.0))


def seen(pose: Rigid, lens: Intrinsics, noise: Float | float = 0.0) -> Sighting:
    """Every corner of the board that is in the picture."""
    pixels = lens.project(pose.apply(BOARD.corner_points_m))
    inside = np.flatnonzero((pixels > 0).all(axis=1) & (pixels < (lens.width - 1, lens.height - 1)).all(axis=1))
    return Sighting(inside.astype(np.int32), (pixels + noise)[inside], BOARD.corner_points_m[inside])


def waved(rng: np.random.Generator, count: int, tilt: float = 0.7) -> list[Sighting]:
    """Views of a board all over the picture."""
    sightings = []
    while len(sightings) < count:
        turn = rotation(rng.uniform(-tilt, tilt, 3))
        at = np.array([*rng.uniform(-0.45, 0.45, 2) * (1.0, 0.75), 1.0]) * rng.uniform(0.3, 0.6)
        noise = rng.normal(0.0, 0.05, (BOARD.corners, 2))
        view = seen(Rigid(turn, at - turn @ np.array([*BOARD.size_m, 0.0]) / 2), LENS, noise)
        sightings += [view] if len(view.ids) >= 12 else []
    return sightings


def test_projection_agrees_with_opencv() -> None:
    points = np.random.default_rng(0).uniform((-0.2, -0.15, 0.4), (0.2, 0.15, 0.8), (50, 3))
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), LENS.matrix, np.array(LENS.distortion))
    assert LENS.project(points) == pytest.approx(np.asarray(expected).reshape(-1, 2), abs=1e-9)


def test_a_lens_is_found_from_noisy_corners() -> None:
    fit = calibrate(waved(np.random.default_rng(1), 30), LENS.width, LENS.height)
    assert fit.intrinsics.fx_px == pytest.approx(LENS.fx_px, rel=0.002)
    assert fit.intrinsics.fy_px == pytest.approx(LENS.fy_px, rel=0.002)
    assert fit.error_px == pytest.approx(0.05 * np.sqrt(2), rel=0.2) and fit.left_out == 0


def test_a_view_that_fits_no_lens_is_left_out() -> None:
    views = waved(np.random.default_rng(2), 30)
    spoilt = views[3]._replace(
        corners_px=views[3].corners_px + np.random.default_rng(0).normal(0, 5, (len(views[3].ids), 2))
    )
    fit = calibrate([*views, spoilt], LENS.width, LENS.height)
    assert fit.left_out == 1 and fit.intrinsics.fx_px == pytest.approx(LENS.fx_px, rel=0.002)


def test_too_few_views_are_refused_with_their_number() -> None:
    with pytest.raises(DeviceError, match=f"need {MIN_VIEWS} views of the board, got 3"):
        calibrate(waved(np.random.default_rng(0), 3), LENS.width, LENS.height)


def test_the_same_view_counts_once() -> None:
    views, (one,) = Views(LENS.width, LENS.height), waved(np.random.default_rng(0), 1)
    assert views.offer(one) and not views.offer(one)
    assert views.coverage().views == 1


def test_advice_goes_from_the_empty_corner_to_the_tilt_to_nothing() -> None:
    views = Views(LENS.width, LENS.height)
    assert "top left" in views.coverage().missing
    rng = np.random.default_rng(3)
    for view in waved(rng, 40, tilt=0.0):
        views.offer(view)
    assert "tilt" in views.coverage().missing
    for view in waved(rng, 60):
        views.offer(view)
    assert views.coverage().missing == ""
