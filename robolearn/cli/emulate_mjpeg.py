"""``robolearn emulate mjpeg``: the cameras of a station as network cameras that look at the twin."""

from __future__ import annotations

import argparse

from robolearn.cli.emulate_cameras import add_camera_arguments, serve_cameras
from robolearn.cli.numbers import port
from sim.wire.camera_servers import by_mjpeg


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of all virtual cameras, and the port."""
    add_camera_arguments(parser)
    parser.add_argument("--port", type=port, default=8090, help="TCP port; 0 takes any that is free (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    serve_cameras(args, by_mjpeg(args.port))
    return 0
