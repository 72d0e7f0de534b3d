"""``robolearn calibrate latency``: how late an arm does what it is told, and how late a camera shows it."""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from calibration.hand_eye import Mounting
from calibration.latency import Latency, Signal, delay, main_motion, sweep
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.hand_eye import HELD, add_camera_arguments
from robolearn.cli.calibrate.moving import Stream
from robolearn.cli.calibrate.workshop import Workshop, ask_before_motion, camera_of
from robolearn.contracts import Float
from robolearn.errors import ConfigError, DeviceError

SECONDS, AMPLITUDE_DEG = 15.0, 5.0
REST_S = 1.0
MIN_CORRELATION = 0.98
LOST_SHARE = 0.3  # of the frames may lack a corner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera watches, and how the arm moves."""
    shops.add_arguments(parser)
    add_camera_arguments(parser)
    parser.add_argument("--joint", help="joint that moves (the first)")
    parser.add_argument("--amplitude-deg", type=float, default=AMPLITUDE_DEG, help="how far it moves to either side")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"length of the motion ({SECONDS:g})")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Move one joint to and fro, and compare what was told, read and seen."""
    with shops.workshop(args, HELD[Mounting(args.mounting)]) as shop:
        camera, joint = camera_of(args, shop), _joint(args, shop)
        ask_before_motion(
            args, shop, f"turn {shop.arm.joint_names[joint]} by {args.amplitude_deg:g} degrees to and fro"
        )
        stream = shop.mover.stream(_path(args, shop, joint), (camera,))
        period_s = 1.0 / shop.station.config.control_hz
        told = Signal(stream.time_s + period_s / 2, stream.command_rad[:, joint])  # a command is held for one period
        moved = Signal(stream.read_time_s, stream.read_rad[:, joint])
        arm = delay(told, moved)
        exposed, arrived = _seen(shop, camera, stream)
        late, stamped = delay(moved, arrived), delay(moved, exposed)
        rate = (len(arrived.time_s) - 1) / float(np.ptp(arrived.time_s))
        conditions = {
            "joint": shop.arm.joint_names[joint],
            "seconds": args.seconds,
            "amplitude_deg": args.amplitude_deg,
        }
        results = {
            shop.arm.name: (
                Latency(arm.delay_s, None, 1.0 / float(np.diff(stream.read_time_s).mean())),
                arm.correlation,
            ),
            camera: (Latency(late.delay_s, stamped.delay_s, rate), late.correlation),
        }
        files = [
            shop.save(device, result, (1.0 - alike, "1 - correlation"), conditions)
            for device, (result, alike) in results.items()
        ]
    figures = {
        "files": files,
        "arm_command_to_reading_s": arm.delay_s,
        "camera_motion_to_frame_s": late.delay_s,
        "camera_motion_to_stamp_s": stamped.delay_s,
        "camera_rate_hz": rate,
    }
    return outcome(figures, [Bar("correlation", min(arm.correlation, late.correlation), MIN_CORRELATION, ">=")])


def _joint(args: argparse.Namespace, shop: Workshop) -> int:
    names = shop.arm.joint_names
    if args.joint is not None and args.joint not in names:
        raise ConfigError(f"unknown joint {args.joint!r}. Valid: {', '.join(names)}.")
    return 0 if args.joint is None else names.index(args.joint)


def _path(args: argparse.Namespace, shop: Workshop, joint: int) -> Float:
    """Targets (N, J), one a control period: rest, and then the sweep of one joint."""
    hz = shop.station.config.control_hz
    time_s = np.arange(0.0, REST_S + args.seconds, 1.0 / hz)
    path = np.repeat(shop.station.arm.read().joint_position_rad[None], len(time_s), axis=0)
    path[:, joint] += math.radians(args.amplitude_deg) * sweep(np.maximum(time_s - REST_S, 0.0))
    if not ((path >= shop.arm.joint_lower_rad) & (path <= shop.arm.joint_upper_rad)).all():
        raise ConfigError(
            "the motion would leave the joint limits: move the arm off them, or give less --amplitude-deg"
        )
    return path


def _seen(shop: Workshop, camera: str, stream: Stream) -> tuple[Signal, Signal]:
    """Motion of the board in the picture, by the frames' own stamps and by when they were there. Raises DeviceError."""
    found = [(there_s, frame, shop.board.find(frame.rgb)) for there_s, frame in stream.frames[camera]]
    tracks = [(there_s, frame.stamp_ns, sighting) for there_s, frame, sighting in found if sighting is not None]
    if len(tracks) < (1.0 - LOST_SHARE) * len(found):
        raise DeviceError(
            f"camera {camera} saw the board in {len(tracks)} of {len(found)} frames: put it where it stays in view "
            "while the joint moves, or give less --amplitude-deg"
        )
    common = sorted(set.intersection(*(set(sighting.ids.tolist()) for _, _, sighting in tracks)))
    if not common:
        raise DeviceError(f"camera {camera}: no corner of the board stays in view: give less --amplitude-deg")
    places = [sighting.corners_px[np.isin(sighting.ids, common)].ravel() for _, _, sighting in tracks]
    value = main_motion(np.array(places))
    exposed_s = np.array([stamp_ns for _, stamp_ns, _ in tracks], float) * 1e-9 - stream.start_s
    return Signal(exposed_s, value), Signal(np.array([there_s for there_s, _, _ in tracks]), value)
