"""``robolearn emulate so101``: a virtual SO-101 on a serial port, moved by the twin, with cameras and faults."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.backends import load_station, load_task
from robolearn.cli.emulating import serve
from sim.wire.so101 import So101Settings, VirtualSo101


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, what stands around it, and what is logged."""
    parser.add_argument("--port", type=Path, required=True, help="serial port to make, a symbolic link")
    parser.add_argument("--control", type=Path, help="control channel to make, a Unix socket")
    parser.add_argument("--task", default="cube_in_bin", help="task whose scene stands around the arm (cube_in_bin)")
    parser.add_argument("--station", help="station whose cameras are served; without it there are none")
    parser.add_argument("--camera-port", type=int, default=0, help="HTTP port of the cameras; 0 takes any that is free")
    parser.add_argument("--held", action="store_true", help="the torque is on from the start")
    parser.add_argument("--mounting-seed", type=int, help="mount the servo horns at random, as a person does")
    parser.add_argument("--log", type=Path, help="file for every byte on the wire")
    parser.add_argument("--truth", type=Path, help="file for the true joints at each step, rows of float64")
    parser.add_argument("--seed", type=int, default=0, help="of the scene's first draws and of the faults")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    cameras = load_station(args.station).camera_specs() if args.station else ()
    settings = So101Settings(
        args.port, args.control, cameras, args.camera_port, args.held, args.mounting_seed, args.log, args.truth,
        args.seed,
    )  # fmt: skip
    device = VirtualSo101(settings, load_task(args.task))
    serve(device, f"virtual SO-101 on {args.port}; stop it with Ctrl-C")
    return 0
