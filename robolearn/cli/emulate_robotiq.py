"""``robolearn emulate robotiq``: a virtual 2F-85 on a serial port, by Modbus RTU."""

from __future__ import annotations

import argparse
from pathlib import Path

from robolearn.cli.emulating import serve
from sim.wire.robotiq.virtual import VirtualRobotiq


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, and how its faults are turned on."""
    parser.add_argument("--port", type=Path, required=True, help="serial port to make, a symbolic link")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="Unix socket that takes faults, one JSON a line")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep every byte")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    serve(VirtualRobotiq(args.port, args.control, args.log), f"virtual 2F-85 on {args.port}; stop it with Ctrl-C")
    return 0
