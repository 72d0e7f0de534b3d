"""``robolearn emulate franka``: a virtual FR3 with its hand, on an address of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from robolearn.cli.emulating import serve
from robolearn.cli.main import OK

READY_RAD = (0.0, -0.7854, 0.0, -2.3562, 0.0, 1.5708, 0.7854)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, where it starts, how long it waits, how its faults are turned on."""
    parser.add_argument("--host", default="127.0.2.1", help="address to serve; each virtual robot needs its own")
    parser.add_argument(
        "--start", type=float, nargs=7, default=READY_RAD, metavar="RAD", help="joint angles at the start [rad]"
    )
    parser.add_argument(
        "--patience", type=float, default=0.1, metavar="SECONDS",
        help="robot time stands still so long for a late command; 0: it is lost, as on a real robot (0.1)",
    )  # fmt: skip
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="Unix socket that takes faults, one JSON a line")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep every byte")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="the true joints at each step, rows of float64")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from sim.wire.franka.virtual import FrankaSettings, VirtualFranka

    settings = FrankaSettings(args.host, np.array(args.start), args.patience, args.control, args.log, args.truth)
    serve(VirtualFranka(settings), f"virtual FR3 at {args.host}: FCI 1337, hand 1338")
    return OK
