"""``robolearn bench calibration``: every calibration routine on cells whose truth is known."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from robolearn import __version__, atomic
from robolearn.bench.calibration import CHANGES, FULL, Amount, measure
from robolearn.bench.machine import describe_machine
from robolearn.cli.numbers import seed
from robolearn.errors import ConfigError
from robolearn.progress import Progress

NAME = "bench calibration"
EXPECTED_S = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much to measure, and where to keep the raw result."""
    parser.add_argument("--cells", type=int, default=FULL.cells, help="drawn cells of each mounting of the camera")
    parser.add_argument("--looks", type=int, default=FULL.looks, help="poses looked at in each cell")
    parser.add_argument("--motions", type=int, default=FULL.motions, help="drawn latencies, and drawn arms")
    parser.add_argument("--unchanged", type=int, default=FULL.unchanged, help="drift checks of an unchanged cell")
    parser.add_argument("--changed", type=int, default=FULL.changed, help="drift checks after each change")
    parser.add_argument("--seed", type=seed, default=0, help="of every draw")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep the result, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, and return figures and bars."""
    amount = replace(
        FULL, cells=args.cells, looks=args.looks, motions=args.motions, unchanged=args.unchanged, changed=args.changed
    )
    if min(asdict(amount).values()) < 1:
        raise ConfigError("--cells, --looks, --motions, --unchanged and --changed must be at least 1")
    parts = 2 * amount.cells + 3 + len(CHANGES)
    with Progress({NAME: EXPECTED_S}) as progress, progress.stage(NAME, total=parts) as stage:
        result = measure(amount, args.seed, lambda note: stage.advance(note=note))
    if args.save is not None:
        atomic.write_json(args.save, _raw(result, amount))
    return result


def _raw(result: dict[str, Any], amount: Amount) -> dict[str, Any]:
    return {
        "command": " ".join(["robolearn", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "robolearn": __version__,
        "opencv": cv2.__version__,
        "machine": describe_machine(),
        "amount": asdict(amount),
        "result": result,
    }
