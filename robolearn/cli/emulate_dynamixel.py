"""``robolearn emulate dynamixel``: a virtual arm of Dynamixel X servos, moved by the twin, with cameras and faults."""

from __future__ import annotations

import argparse

from robolearn.cli.emulate_servos import add_servo_arguments, serve_servos
from robolearn.errors import ConfigError, unknown
from sim.wire.dxl.arm import DxlArm
from sim.wire.dxl.servo import MODELS
from sim.wire.servo_cell import ACTUATORS

KOCH = "xl430-w250,xl430-w250,xl330-m288,xl330-m288,xl330-m288,xl330-m288"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which servos, where they are found, what stands around them, and what is logged."""
    add_servo_arguments(parser)
    parser.add_argument("--models", default=KOCH, help=f"models of the six servos from the base on ({KOCH})")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop. Raises ConfigError for an unknown model."""
    models = args.models.split(",")
    for model in models:
        if model not in MODELS:
            raise ConfigError(unknown("model", model, MODELS))
    if len(models) != len(ACTUATORS):
        raise ConfigError(f"--models needs {len(ACTUATORS)} names with commas between them, got {len(models)}")
    serve_servos(args, "Dynamixel arm", lambda scene, mountings: DxlArm(scene, ACTUATORS, mountings, models))
    return 0
