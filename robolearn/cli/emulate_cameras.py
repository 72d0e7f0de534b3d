"""What all virtual cameras are started with: whose they are, what they see, and their faults."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.backends import load_station, load_task
from robolearn.cli.emulating import serve
from robolearn.cli.numbers import seed
from sim.wire.camera_servers import Serve
from sim.wire.cameras import CamerasSettings, VirtualCameras


def add_camera_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose cameras, what they see, how their faults are turned on."""
    parser.add_argument("--station", default="so101_twin", help="station whose cameras are served (so101_twin)")
    parser.add_argument("--task", default="cube_in_bin", help="task whose scene they see (cube_in_bin)")
    parser.add_argument("--control", type=Path, help="control channel to make, a Unix socket")
    parser.add_argument("--seed", type=seed, default=0, help="of the scene's draws")


def serve_cameras(args: argparse.Namespace, how: Serve) -> None:
    """Serve until told to stop."""
    settings = CamerasSettings(load_station(args.station).camera_specs(), how, args.control, args.seed)
    device = VirtualCameras(settings, load_task(args.task))
    serve(device, lambda: f"virtual cameras at {device.where}; stop them with Ctrl-C")
