"""``robolearn emulate rtsp``: the cameras of a station as RTSP cameras that look at the twin."""

from __future__ import annotations

import argparse

from robolearn.backends import load_station
from robolearn.cli.emulate_cameras import add_camera_arguments, serve_cameras
from robolearn.cli.numbers import port
from sim.wire.camera_servers import by_rtsp
from sim.wire.rtp_jpeg import check_size

PORT = 8554  # the usual one that needs no privilege


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of all virtual cameras, and the port."""
    add_camera_arguments(parser)
    parser.add_argument("--port", type=port, default=PORT, help="TCP port; 0 takes any that is free (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop. Raises BorderError for a size that RTSP cannot carry."""
    for camera in load_station(args.station).camera_specs():
        check_size(f"camera {camera.name}", camera.width, camera.height)
    serve_cameras(args, by_rtsp(args.port))
    return 0
