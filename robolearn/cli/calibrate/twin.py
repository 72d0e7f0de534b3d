"""``robolearn calibrate twin``: the joint and servo parameters with which the twin moves as this arm does."""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from calibration.identification import Recording, error_rad, excitation, identify
from robolearn.bars import Bar, outcome
from robolearn.cli.calibrate import workshop as shops
from robolearn.cli.calibrate.workshop import Workshop, ask_before_motion
from robolearn.cli.job import say
from robolearn.descriptions import description
from robolearn.errors import ConfigError
from sim.identification import ArmRollouts

SECONDS, AMPLITUDE_DEG = 8.0, 12.0
MAX_RATIO = 1.0  # an identified twin must not be worse than the described one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How the arm moves."""
    shops.add_arguments(parser)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"length of each motion ({SECONDS:g})")
    parser.add_argument(
        "--amplitude-deg", type=float, default=AMPLITUDE_DEG, help=f"how far each joint moves ({AMPLITUDE_DEG:g})"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record two motions, fit on one, and judge on the other."""
    with shops.workshop(args, "on_table") as shop:
        rollouts = ArmRollouts(description(shop.station.config.description), shop.arm.joint_names)
        ask_before_motion(
            args, shop, f"move all joints by {args.amplitude_deg:g} degrees for {args.seconds:g} s, twice"
        )
        fitted, held_out = (_record(args, shop, seed) for seed in range(2))
        say("fitting the twin; this takes a minute or two")
        found = identify(rollouts, rollouts.nominal, [fitted])
        error, before = (error_rad(rollouts, which, [held_out]) for which in (found.parameters, rollouts.nominal))
        conditions = {"seconds": args.seconds, "amplitude_deg": args.amplitude_deg, "described_error_rad": before}
        residual = (error, "rad, root mean square on a held-out motion")
        path = shop.save(shop.station.config.description, found.parameters, residual, conditions)
    figures = {
        "file": path,
        "held_out_error_rad": error,
        "described_error_rad": before,
        "delay_s": found.parameters.delay_s,
    }
    return outcome(figures, [Bar("error_vs_description", error / before, MAX_RATIO, "<=")])


def _record(args: argparse.Namespace, shop: Workshop, seed: int) -> Recording:
    """One motion about where the arm is, or as near as the joint limits allow, from rest. Raises ConfigError."""
    period_s = 1.0 / shop.station.config.control_hz
    amplitude_rad = math.radians(args.amplitude_deg)
    low, high = shop.arm.joint_lower_rad + amplitude_rad, shop.arm.joint_upper_rad - amplitude_rad
    if not (low <= high).all():
        raise ConfigError("the motion would leave the joint limits: give less --amplitude-deg")
    home = np.clip(shop.station.arm.read().joint_position_rad, low, high)
    shop.mover.go(home)
    time_s = np.arange(0.0, args.seconds, period_s)
    path = home + excitation(time_s, len(home), amplitude_rad, np.random.default_rng(seed))
    stream = shop.mover.stream(path)
    shop.mover.go(home)
    return Recording(period_s, stream.command_rad, stream.read_rad)
