"""``robolearn calibrate joints``: where the joints are zero, from pictures and from what is known beforehand."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from calibration import artefacts
from calibration.geometry import rigid
from calibration.hand_eye import Known, Mounting, Solution, undetermined
from calibration.joints import JointZeros
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.hand_eye import HELD, MAX_ERROR_PX, add_camera_arguments, problem_of
from robolearn.cli.calibrate.workshop import Workshop, camera_of
from robolearn.errors import DeviceError

POSES = 40
POSE = "X Y Z [mm] RX RY RZ [deg]"
WITHIN = (0.3, 0.05)  # mm, degrees: parts that are screwed together


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, and what is known beforehand."""
    shops.add_arguments(parser)
    shops.add_motion_arguments(parser, POSES)
    add_camera_arguments(parser)
    for name, what in (
        ("still", "what stands still, in the base frame"),
        ("rider", "what the tool carries, in its frame"),
    ):
        parser.add_argument(
            f"--{name}-at", nargs=6, type=float, metavar=tuple(POSE.replace(" [mm]", "").replace(" [deg]", "").split()),
            help=f"known place of {what}: {POSE}, a rotation vector",
        )  # fmt: skip
        parser.add_argument(
            f"--{name}-within", nargs=2, type=float, default=WITHIN, metavar=("MM", "DEG"),
            help=f"how surely it is known, one standard deviation ({WITHIN[0]:g} {WITHIN[1]:g})",
        )  # fmt: skip


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Look from many poses, solve for the zeros, and keep them on top of those in force."""
    mounting = Mounting(args.mounting)
    rider, still = known(args.rider_at, args.rider_within), known(args.still_at, args.still_within)
    with shops.workshop(args, HELD[mounting]) as shop:
        camera = camera_of(args, shop)
        solution = problem_of(args, shop, camera, mounting).solve(rider, still, zeros=True)
        names = shop.arm.joint_names
        _refuse_guesses(undetermined(solution, names), names, mounting)
        total = _in_force(shop) + solution.zero_offset_rad
        zeros = JointZeros(names, tuple(total.tolist()), tuple(solution.zero_sigma_rad.tolist()))
        conditions = {"poses": solution.looks, "camera": camera, "mounting": mounting.value}
        residual = (solution.error_px, "px, root mean square reprojection error")
        path = shop.save(shop.arm.name, zeros, residual, conditions)
    return outcome(
        {"file": path, **_figures(solution, names)}, [Bar("error_px", solution.error_px, MAX_ERROR_PX, "<=")]
    )


def known(at: Sequence[float] | None, within: Sequence[float]) -> Known | None:
    """What the arguments say of one place, in SI units."""
    if at is None:
        return None
    vector = np.concatenate([np.radians(at[3:]), np.array(at[:3]) * 1e-3])
    return Known(rigid(vector), within[0] * 1e-3, math.radians(within[1]))


def _in_force(shop: Workshop) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Offsets that the station adds already: what is measured now comes on top of them."""
    found = artefacts.find(shop.folder, shop.arm.name, JointZeros)
    return np.zeros(len(shop.arm.joint_names)) if found is None else np.array(found.result.offset_rad)


def _refuse_guesses(lacking: Sequence[str], names: Sequence[str], mounting: Mounting) -> None:
    if not lacking:
        return
    board, camera = ("--still-at", "--rider-at") if mounting is Mounting.ON_TOOL else ("--rider-at", "--still-at")
    raise DeviceError(
        f"the zero of {', '.join(lacking)} is not told by these pictures. That of {names[0]} needs a still part whose "
        f"place is known (--still-at), that of {names[-1]} a part on the tool whose place is known (--rider-at); the "
        f"board's place goes to {board}, the camera's to {camera}. Others need more --poses or a larger --reach-deg."
    )


def _figures(solution: Solution, names: Sequence[str]) -> dict[str, Any]:
    offsets, sigmas = np.degrees(solution.zero_offset_rad), np.degrees(solution.zero_sigma_rad)
    return {
        "poses": solution.looks,
        "offset_deg": dict(zip(names, offsets.tolist(), strict=True)),
        "sigma_deg": dict(zip(names, sigmas.tolist(), strict=True)),
    }
