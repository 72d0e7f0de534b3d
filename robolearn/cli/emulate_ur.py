"""``robolearn emulate ur``: a virtual UR5e with its gripper, on an address of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from robolearn.cli.emulating import serve
from robolearn.cli.main import OK

START_RAD = (0.0, -1.5708, 1.5708, -1.5708, -1.5708, 0.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, where it starts, how its faults are turned on."""
    parser.add_argument("--host", default="127.0.1.1", help="address to serve; each virtual robot needs its own")
    parser.add_argument(
        "--start", type=float, nargs=6, default=START_RAD, metavar="RAD", help="joint angles at the start [rad]"
    )
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="Unix socket that takes faults, one JSON a line")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep every byte")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from sim.wire.ur.virtual import VirtualUr

    device = VirtualUr(args.host, np.array(args.start), args.control, args.log)
    serve(device, f"virtual UR5e at {args.host}: RTDE 30004, scripts 30003, dashboard 29999, gripper 63352")
    return OK
