"""``robolearn emulate so101``: a virtual SO-101 on a serial port, moved by the twin, with cameras and faults."""

from __future__ import annotations

import argparse

from robolearn.cli.emulate_servos import add_servo_arguments, serve_servos
from sim.wire.servo_cell import ACTUATORS
from sim.wire.sts.arm import StsArm


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it is found, what stands around it, and what is logged."""
    add_servo_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    serve_servos(args, "SO-101", lambda scene, mountings: StsArm(scene, ACTUATORS, mountings))
    return 0
