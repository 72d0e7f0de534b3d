"""``robolearn emulate v4l2``: the cameras of a station as USB cameras that look at the twin."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.cli.emulate_cameras import add_camera_arguments, serve_cameras
from sim.wire.camera_servers import by_v4l2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of all virtual cameras, and where their device files are."""
    add_camera_arguments(parser)
    parser.add_argument("--folder", type=Path, required=True, help="folder for a device file of each camera")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    serve_cameras(args, by_v4l2(args.folder))
    return 0
