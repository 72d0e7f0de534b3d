"""``robolearn emulate realsense``: a recording of the twin that librealsense plays as it plays a camera."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from robolearn.backends import load_station, load_task
from robolearn.cli.numbers import seed
from robolearn.errors import ConfigError, unknown
from sim.wire.realsense import lens_of, record, shots_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which camera, what it sees, how long, and the file."""
    parser.add_argument("--out", type=Path, required=True, help="new file to write, named ....db3")
    parser.add_argument("--station", default="so101_twin", help="station whose camera is recorded (so101_twin)")
    parser.add_argument("--camera", default="front", help="camera of the station (front)")
    parser.add_argument("--task", default="cube_in_bin", help="task whose scene it sees (cube_in_bin)")
    parser.add_argument("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), help="of the pictures")
    parser.add_argument("--fps", type=int, default=30, help="pictures a second (30)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long; it is played again and again (5)")
    parser.add_argument("--seed", type=seed, default=0, help="of the scene's draws")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record, which takes as long as it plays."""
    specs = {spec.name: spec for spec in load_station(args.station).camera_specs()}
    if args.camera not in specs:
        raise ConfigError(unknown("camera", args.camera, specs))
    count = round(args.seconds * args.fps)
    if args.fps < 1 or count < 1 or min(args.size or (1,)) < 1:
        raise ConfigError(f"--fps, --size and --seconds give no picture: {args.fps}, {args.size}, {args.seconds}")
    spec = specs[args.camera]
    if args.size:
        spec = replace(spec, width=args.size[0], height=args.size[1])
    shots = shots_of(load_task(args.task), spec, args.seed, count)
    pictures = record(shots, lens_of(spec), args.fps, args.out)
    return {"recording": args.out, "pictures": pictures, "width": spec.width, "height": spec.height, "fps": args.fps}
