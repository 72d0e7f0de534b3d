"""``robolearn calibrate hand-eye``: where a camera is, on the tool or on a stand."""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from calibration.geometry import rigid
from calibration.hand_eye import HandEye, Look, Mounting, Problem
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.workshop import Workshop, ask_before_motion, camera_of
from robolearn.cli.job import say
from robolearn.errors import DeviceError

POSES, MAX_ERROR_PX = 25, 3.0
SIGMA_DEG = 0.05
HELD = {Mounting.ON_TOOL: "on_table", Mounting.STILL: "in_gripper"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, where it is, and how the arm moves."""
    shops.add_arguments(parser)
    shops.add_motion_arguments(parser, POSES)
    add_camera_arguments(parser)


def add_camera_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, where it is, and how well the joints repeat."""
    parser.add_argument("--camera", required=True, help="name of the camera in the station's file")
    parser.add_argument(
        "--mounting", required=True, choices=[one.value for one in Mounting],
        help="on_tool: the arm carries the camera, and the board lies on the table; still: the camera stands, and "
        "the gripper holds the board",
    )  # fmt: skip
    parser.add_argument(
        "--joint-sigma-deg", type=float, default=SIGMA_DEG, help=f"how well joint readings repeat ({SIGMA_DEG:g})"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Look from many poses, solve, and keep the result."""
    mounting = Mounting(args.mounting)
    with shops.workshop(args, HELD[mounting]) as shop:
        camera = camera_of(args, shop)
        problem = problem_of(args, shop, camera, mounting)
        solution = problem.solve()
        residual = (solution.error_px, "px, root mean square reprojection error")
        path = shop.save(camera, solution.hand_eye, residual, {"poses": solution.looks, "mounting": mounting.value})
    figures = {"camera": camera, "file": path, "poses": solution.looks, **_figures(solution.hand_eye)}
    return outcome(figures, [Bar("error_px", solution.error_px, MAX_ERROR_PX, "<=")])


def problem_of(args: argparse.Namespace, shop: Workshop, camera: str, mounting: Mounting) -> Problem:
    """The pictures of a camera from poses that the arm goes to. Raises DeviceError if the board was seen too rarely."""
    lens = shop.lens(camera)
    targets = shop.poses(args.poses, args.reach_deg)
    ask_before_motion(args, shop, f"go to {len(targets)} poses")
    looks: list[Look] = []
    for number, target in enumerate(targets, start=1):
        look = shop.look(camera, target)
        looks += [look] if look is not None else []
        if number % 5 == 0:
            say(f"{number} of {len(targets)} poses, the board was seen from {len(looks)}")
    try:
        return Problem(looks, lens, mounting, shop.kinematics.tool_pose_base, math.radians(args.joint_sigma_deg))
    except DeviceError as error:
        raise DeviceError(
            f"camera {camera}: {error}. Put the board where the camera sees it from the present pose, give more "
            "--poses, or a smaller --reach-deg."
        ) from error


def _figures(found: HandEye) -> dict[str, Any]:
    pose = rigid(np.array(found.camera))
    frame = "tool" if found.mounting is Mounting.ON_TOOL else "base"
    return {f"camera_in_{frame}_m": pose.translation_m, f"camera_in_{frame}_rotation_rad": found.camera[:3]}
