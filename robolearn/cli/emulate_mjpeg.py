"""``robolearn emulate mjpeg``: the cameras of a station as network cameras that look at the twin."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.backends import load_station, load_task
from robolearn.cli.emulating import serve
from sim.wire.cameras import CamerasSettings, VirtualCameras


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose cameras, what they see, where they are found, how their faults are turned on."""
    parser.add_argument("--station", default="so101_twin", help="station whose cameras are served (so101_twin)")
    parser.add_argument("--task", default="cube_in_bin", help="task whose scene they see (cube_in_bin)")
    parser.add_argument("--port", type=int, default=8090, help="TCP port; 0 takes any that is free (%(default)s)")
    parser.add_argument("--control", type=Path, help="control channel to make, a Unix socket")
    parser.add_argument("--seed", type=int, default=0, help="of the scene's draws")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return serve_cameras(args, "mjpeg")


def serve_cameras(args: argparse.Namespace, protocol: str) -> int:
    """The cameras of a station by a protocol of the virtual ones."""
    settings = CamerasSettings(load_station(args.station).camera_specs(), protocol, args.port, args.control, args.seed)
    device = VirtualCameras(settings, load_task(args.task))
    serve(device, lambda: f"virtual cameras at {', '.join(device.addresses)}; stop them with Ctrl-C")
    return 0
