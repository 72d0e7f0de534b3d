"""``robolearn bench ur``: the UR driver against the virtual controller."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from robolearn import atomic
from robolearn.bench import machine, ur
from robolearn.errors import ConfigError
from robolearn.progress import Progress

NAME = "bench ur"
FAULT_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long to stream, how often to fail."""
    parser.add_argument("--seconds", type=float, default=300.0, help="length of the servo stream")
    parser.add_argument("--faults", type=int, default=50, help="faults of each kind")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep figures, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, and return figures and bars."""
    if not (args.seconds > 0 and args.faults >= 1):
        raise ConfigError("--seconds must be above 0, --faults at least 1")
    steps = 1 + len(ur.FAULTS) * args.faults
    with (
        Progress({NAME: args.seconds + args.faults * len(ur.FAULTS) * FAULT_S}) as progress,
        progress.stage(NAME, total=steps) as stage,
    ):
        result = ur.measure(args.seconds, args.faults, lambda note: stage.advance(note=note))
    if args.save is not None:
        command = f"robolearn {NAME} --seconds {args.seconds:g} --faults {args.faults}"
        atomic.write_json(args.save, machine.raw_document(command, result))
    return result
