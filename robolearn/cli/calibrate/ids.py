"""``robolearn calibrate ids``: the servos of a new arm get their ids, each plugged in alone by a person."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from drivers.dynamixel_setup import MODELS, DynamixelConfig
from drivers.feetech_config import FeetechConfig
from drivers.servo_naming import DYNAMIXEL, STS, Named, ServoNaming
from robolearn.asking import ask
from robolearn.cli.calibrate.servo_arm import add_arm, arm_of
from robolearn.cli.job import say
from robolearn.config import Section
from robolearn.errors import ConfigError, DeviceError, unknown

NOBODY = "nobody at the terminal can plug servos in: run the command in a terminal"


@dataclass(frozen=True)
class Place:
    """What a servo of the arm is to be."""

    named: Named
    model: int


@dataclass(frozen=True)
class NewArm:
    """Where its servos are plugged in, and what each is to be."""

    naming: ServoNaming
    places: Mapping[str, Place]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which arm, and which of its servos."""
    add_arm(parser)
    parser.add_argument("--only", metavar="SERVO", help="this one alone, as after a repair (all, from the gripper on)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Name them, and return what each was before. Raises ConfigError and DeviceError."""
    arm = new_arm(*arm_of(args.station, args.leader))
    if args.only is not None and args.only not in arm.places:
        raise ConfigError(f"--only: {unknown('servo', args.only, arm.places)}")
    chosen = [args.only] if args.only else list(arm.places)[::-1]
    return {"servos": name_servos(arm, chosen, sys.stdin, sys.stderr)}


def new_arm(driver: str, section: Section) -> NewArm:
    """The arm that a station's file describes. Raises ConfigError unless it is one of servos on a bus."""
    if driver == "feetech":
        sts = section.read(FeetechConfig)
        places = {name: Place(Named(scale.id, sts.baud), sts.model) for name, scale in sts.servos.items()}
        return NewArm(ServoNaming(STS, sts.port, sts.patience_s), places)
    if driver == "dynamixel":
        dxl = section.read(DynamixelConfig)
        places = {
            name: Place(Named(servo.scale.id, dxl.baud), MODELS[servo.model].number)
            for name, servo in dxl.servos.items()
        }
        return NewArm(ServoNaming(DYNAMIXEL, dxl.port, dxl.patience_s), places)
    raise ConfigError(unknown("driver of servos with ids", driver, ["feetech", "dynamixel"]))


def name_servos(arm: NewArm, servos: Sequence[str], answers: TextIO, questions: TextIO) -> dict[str, Mapping[str, int]]:
    """Give each of ``servos`` its id of the file; what it had before, by name. Raises DeviceError if nobody answers."""
    done: dict[str, Mapping[str, int]] = {}
    for name in servos:
        question = f"Plug {name} into the adapter, alone, with its power on. Then press Enter: "
        before, now = _renamed(arm.naming, arm.places[name], question, answers, questions), arm.places[name].named
        done[name] = {"id": now.id, "had_id": before.id, "had_baud": before.baud}
        say(f"{name} has the id {now.id} now; it had {before.id} at {before.baud} bits/s")
    return done


def _renamed(naming: ServoNaming, place: Place, question: str, answers: TextIO, questions: TextIO) -> Named:
    """What the servo was; asked again and again until one is there alone and takes its id."""
    while True:
        ask(question, answers, questions, NOBODY)
        try:
            before = naming.lone(place.model)
            naming.rename(before, place.named)
        except DeviceError as fault:
            say(f"{fault}. Then try again.")
        else:
            return before
