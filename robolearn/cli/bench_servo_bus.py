"""``robolearn bench servo-bus``: the driver of SO-101 arms against the virtual bus."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from robolearn import atomic
from robolearn.bench import machine, servo_bus
from robolearn.errors import ConfigError
from robolearn.progress import Progress

NAME = "bench servo-bus"
START_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long on a good and on a bad line, and how often to pull the plug."""
    parser.add_argument("--clean-seconds", type=float, default=20.0, help="time on a good line, as fast as it goes")
    parser.add_argument("--noisy-seconds", type=float, default=600.0, help="time on a bad line, at the control rate")
    parser.add_argument("--unplugs", type=int, default=20, help="how often the plug is pulled")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep figures, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure, and return figures and bars."""
    if not (args.clean_seconds > 0 and args.noisy_seconds > 0 and args.unplugs >= 1):
        raise ConfigError("--clean-seconds and --noisy-seconds must be above 0, --unplugs at least 1")
    asked = servo_bus.Run(args.clean_seconds, args.noisy_seconds, args.unplugs)
    expected_s = START_S + args.clean_seconds + args.noisy_seconds + args.unplugs
    notes = 2 + math.ceil(args.noisy_seconds / servo_bus.STALL_EVERY_S)
    with Progress({NAME: expected_s}) as progress, progress.stage(NAME, total=notes) as stage:
        result = servo_bus.measure(asked, lambda note: stage.advance(note=note))
    if args.save is not None:
        atomic.write_json(args.save, machine.raw_document(f"robolearn {NAME}", result))
    return result
