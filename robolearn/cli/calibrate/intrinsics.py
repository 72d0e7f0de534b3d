"""``robolearn calibrate intrinsics``: the lens of one camera, from a board that a person waves before it."""

from __future__ import annotations

import argparse
from typing import Any

import cv2
import numpy as np

from calibration.board import Sighting
from calibration.intrinsics import Fit, Views
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.workshop import Workshop, camera_of
from robolearn.cli.job import say
from robolearn.errors import DeviceError

NS = 1_000_000_000
STEADY_PX = 1.5  # mean motion of the corners between two frames: more than this blurs
MAX_ERROR_PX = 1.0
SECONDS = 180.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, and how long to watch."""
    shops.add_arguments(parser)
    parser.add_argument("--camera", required=True, help="name of the camera in the station's file")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"give up after this long ({SECONDS:g})")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Watch until enough has been shown, solve, and keep the result."""
    with shops.workshop(args, "waved") as shop:
        camera = camera_of(args, shop)
        views = _watch(shop, camera, args.seconds)
        fit = views.fit()
        found = fit.intrinsics
        residual = (fit.error_px, "px, root mean square reprojection error")
        path = shop.save(
            camera, found, residual, {"views": fit.views, "left_out": fit.left_out, "opencv": cv2.__version__}
        )
    return outcome(
        {"camera": camera, "file": path, **_figures(fit)}, [Bar("error_px", fit.error_px, MAX_ERROR_PX, "<=")]
    )


def _figures(fit: Fit) -> dict[str, Any]:
    found = fit.intrinsics
    names = ("fx_px", "fy_px", "cx_px", "cy_px", "distortion")
    return {**{name: getattr(found, name) for name in names}, "views": fit.views, "left_out": fit.left_out}


def _watch(shop: Workshop, camera: str, seconds: float) -> Views:
    """Take steady views until the coverage is enough. Raises DeviceError if time runs out."""
    spec = shop.station.config.cameras[camera]
    clock, device = shop.station.clock, shop.station.world.cameras[camera]
    views, before, told = Views(spec.width, spec.height), None, ""
    period_ns = round(NS / shop.station.config.control_hz) * round(shop.station.config.control_hz / spec.fps)
    end_ns = clock.now_ns() + round(seconds * NS)
    while clock.now_ns() < end_ns:
        sighting = shop.board.find(device.read().rgb)
        if sighting is not None and before is not None and _motion_px(before, sighting) < STEADY_PX:
            views.offer(sighting)
        before = sighting
        missing = views.coverage().missing
        if not missing:
            return views
        if missing != told:
            say(f"{len(views.sightings)} views of camera {camera}: {missing}, and hold it still for a moment")
            told = missing
        clock.sleep_until(clock.now_ns() + period_ns)
    taken = len(views.sightings)
    hint = (
        f"last asked for: {told}" if taken else "the board was never seen: check --board, light, focus and resolution"
    )
    raise DeviceError(
        f"camera {camera}: {taken} views in {seconds:g} s are not enough; {hint}. Give it more --seconds."
    )


def _motion_px(before: Sighting, now: Sighting) -> float:
    """Mean motion of the corners that both have."""
    _, then, here = np.intersect1d(before.ids, now.ids, return_indices=True)
    if not len(then):
        return np.inf
    return float(np.linalg.norm(before.corners_px[then] - now.corners_px[here], axis=1).mean())
