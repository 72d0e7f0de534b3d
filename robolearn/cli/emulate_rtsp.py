"""``robolearn emulate rtsp``: the cameras of a station as RTSP cameras that look at the twin."""

from __future__ import annotations

import argparse

from robolearn.cli import emulate_mjpeg

PORT = 8554  # the usual one that needs no privilege


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """As those over HTTP."""
    emulate_mjpeg.add_arguments(parser)
    parser.set_defaults(port=PORT)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return emulate_mjpeg.serve_cameras(args, "rtsp")
