"""What every virtual arm of servos is started with: its port, its cell, its faults and its logs."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.backends import load_station, load_task
from robolearn.cli.emulating import serve
from robolearn.cli.numbers import port, seed
from sim.wire.camera_servers import by_mjpeg, by_v4l2
from sim.wire.servo_cell import Build, ServoCell, ServoCellSettings


def add_servo_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, what stands around it, and what is logged."""
    parser.add_argument("--port", type=Path, required=True, help="serial port to make, a symbolic link")
    parser.add_argument("--control", type=Path, help="control channel to make, a Unix socket")
    parser.add_argument("--task", default="cube_in_bin", help="task whose scene stands around the arm (cube_in_bin)")
    parser.add_argument("--station", help="station whose cameras are served; without it there are none")
    parser.add_argument(
        "--camera-port", type=port, default=0, help="HTTP port of the cameras; 0 takes any that is free"
    )
    parser.add_argument("--camera-folder", type=Path, help="serve them as USB cameras instead: device files in here")
    parser.add_argument("--held", action="store_true", help="the torque is on from the start")
    parser.add_argument("--mounting-seed", type=seed, help="mount the servo horns at random, as a person does")
    parser.add_argument("--log", type=Path, help="file for every byte on the wire")
    parser.add_argument("--truth", type=Path, help="file for the true joints at each step, rows of float64")
    parser.add_argument("--seed", type=seed, default=0, help="of the scene's first draws and of the faults")


def serve_servos(args: argparse.Namespace, name: str, build: Build) -> None:
    """Serve until told to stop. Raises ConfigError and DeviceError."""
    cameras = load_station(args.station).camera_specs() if args.station else ()
    serve_by = by_v4l2(args.camera_folder) if args.camera_folder else by_mjpeg(args.camera_port)
    settings = ServoCellSettings(
        args.port, serve_by, args.control, cameras, args.held, args.mounting_seed, args.log, args.truth,
        args.seed,
    )  # fmt: skip
    for path in (args.port, args.control):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    cell = ServoCell(settings, load_task(args.task), build)
    serve(cell, lambda: f"virtual {name} on {args.port}{_seen_at(cell)}; stop it with Ctrl-C")


def _seen_at(cell: ServoCell) -> str:
    return f", cameras at {cell.cameras_at}" if cell.cameras_at else ""
