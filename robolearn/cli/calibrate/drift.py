"""``robolearn calibrate drift``: has camera, joint or gripper moved since the cell was calibrated?"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from calibration import artefacts
from calibration.drift import DriftCheck, Reference, reference
from calibration.hand_eye import HandEye, Look, Mounting
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.hand_eye import HELD, add_camera_arguments
from robolearn.cli.calibrate.workshop import Workshop, ask_before_motion, camera_of
from robolearn.errors import ConfigError

POSES, TRIED = 6, 30
MAX_S = 60.0
NS = 1_000_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, and whether to take a reference or to check."""
    shops.add_arguments(parser)
    shops.add_motion_arguments(parser, POSES)
    add_camera_arguments(parser)
    parser.add_argument("--reference", action="store_true", help="keep what is seen now for later checks")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Take a reference, or compare with the newest one."""
    with shops.workshop(args, HELD[Mounting(args.mounting)]) as shop:
        camera = camera_of(args, shop)
        ask_before_motion(args, shop, f"go to {args.poses} poses, and close and open its gripper")
        return _keep(args, shop, camera) if args.reference else _check(args, shop, camera)


def _keep(args: argparse.Namespace, shop: Workshop, camera: str) -> dict[str, Any]:
    looks: list[Look] = []
    for target in shop.poses(TRIED, args.reach_deg):
        look = shop.look(camera, target)
        looks += [look] if look is not None else []
        if len(looks) == args.poses:
            break
    kept = reference(shop.board.name, looks, _gripper(args, shop))
    path = shop.save(camera, kept, (0.0, "px, the reference itself"), {"poses": len(looks)})
    return {"camera": camera, "file": path, "poses": len(looks)}


def _check(args: argparse.Namespace, shop: Workshop, camera: str) -> dict[str, Any]:
    kept = artefacts.newest(shop.folder, camera, Reference).result
    if kept.board != shop.board.name:
        raise ConfigError(f"the reference shows the board {kept.board}: give --board {kept.board}")
    hand_eye = artefacts.newest(shop.folder, camera, HandEye).result
    check = DriftCheck(
        kept, hand_eye, shop.lens(camera), shop.kinematics.tool_pose_base, shop.arm.joint_names,
        math.radians(args.joint_sigma_deg),
    )  # fmt: skip
    start_ns = shop.station.clock.now_ns()
    looks = [shop.look(camera, np.array(seen.joint_position_rad)) for seen in kept.seen]
    found = check.check(looks, _gripper(args, shop))
    taken_s = (shop.station.clock.now_ns() - start_ns) / NS
    told = [found.change.told()] if found.change is not None else []
    told += [found.gripper] if found.gripper else []
    figures = {
        "camera": camera,
        "verdict": "; ".join(told) or "nothing has moved",
        "poses": found.poses,
        "shift_px": found.shift_px,
        "taken_s": taken_s,
        "do": "undo the change, or calibrate anew: robolearn calibrate hand-eye, joints" if told else "nothing",
    }
    return outcome(figures, [Bar("changes", len(told), 0, "<="), Bar("taken_s", taken_s, MAX_S, "<=")])


def _gripper(args: argparse.Namespace, shop: Workshop) -> tuple[float, float] | None:
    """What the gripper reads when told to close and to open; None if it holds the board, is silent, or not there."""
    if not shop.arm.has_gripper or Mounting(args.mounting) is Mounting.STILL:
        return None
    closed, opened = shop.mover.grip(0.0), shop.mover.grip(1.0)
    return None if closed is None or opened is None else (closed, opened)
