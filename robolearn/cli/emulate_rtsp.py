"""``robolearn emulate rtsp``: the cameras of a station as RTSP cameras that look at the twin."""

from __future__ import annotations

import argparse

from robolearn.backends import load_station
from robolearn.cli import emulate_mjpeg
from sim.wire.rtp_jpeg import check_size

PORT = 8554  # the usual one that needs no privilege


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """As those over HTTP."""
    emulate_mjpeg.add_arguments(parser)
    parser.set_defaults(port=PORT)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop. Raises BorderError for a size that RTSP cannot carry."""
    for camera in load_station(args.station).camera_specs():
        check_size(f"camera {camera.name}", camera.width, camera.height)
    return emulate_mjpeg.serve_cameras(args, "rtsp")
