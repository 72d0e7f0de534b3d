"""``robolearn calibrate servos``: homing offset and range of each servo of an SO-101 that a person moves by hand."""

from __future__ import annotations

import argparse
import select
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import indent
from typing import TextIO

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table

from calibration.joints import MIN_RANGE_STEPS, STEPS, ServoScale, from_json, range_of, to_json
from drivers.feetech_by_hand import StsByHand
from drivers.feetech_config import FeetechConfig
from robolearn import atomic
from robolearn.asking import ask
from robolearn.cli.calibrate.servo_arm import add_arm, arm_of
from robolearn.cli.job import say
from robolearn.cli.output import as_line
from robolearn.errors import ConfigError, unknown

DRIVER = "feetech"
LOOK_S = 0.03
DEPTH, DEPTH_OF_LEADER = 2, 3  # sections around 'servos' in a station's file: devices.arm, devices.teleop.bus
WHOLE_TURN = (0, STEPS - 1)
NOBODY = "nobody at the terminal can move the arm: run the command in a terminal"
Scales = Mapping[str, ServoScale]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which arm, and where its scales come from."""
    add_arm(parser)
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="read another SO-101 tool's file, not the arm")
    parser.add_argument("--save-json", type=Path, metavar="FILE", help="keep the scales as other SO-101 tools do, too")


def run(args: argparse.Namespace) -> int:
    """Take the scales, and write what belongs under ``servos`` in the station's file to stdout."""
    config = _config(args.station, args.leader)
    scales = measured(config, sys.stdin, sys.stderr) if args.from_json is None else _read(args.from_json, config)
    if args.save_json is not None:
        atomic.write_text(args.save_json, to_json(scales))
    plain = {name: asdict(scale) for name, scale in scales.items()}
    print(as_line({"servos": plain}) if args.json else _yaml(plain, DEPTH_OF_LEADER if args.leader else DEPTH))
    say(f"put these lines in the place of those under 'servos' of this arm in the file of the station {args.station}")
    return 0


def measured(config: FeetechConfig, answers: TextIO, questions: TextIO) -> Scales:
    """Scales of the servos that ``config`` names; of its own scales the ids, the directions and whole turns count.

    Raises DeviceError: an arm that was let go stays so."""
    servos = StsByHand(config)
    servos.open()
    try:
        ask(
            "Hold the arm: its torque is taken away over two seconds. Press Enter when you hold it: ",
            answers, questions, NOBODY,
        )  # fmt: skip
        servos.let_go()
        ask(
            "Bring every joint to the middle of its range, the gripper half open. Then press Enter: ",
            answers, questions, NOBODY,
        )  # fmt: skip
        offsets = servos.home()
        turning = [name for name, scale in config.servos.items() if (scale.range_min, scale.range_max) == WHOLE_TURN]
        ranges = _ranges(servos, [name for name in config.servos if name not in turning], answers, questions)
    finally:
        servos.close()
    return {
        name: replace(scale, homing_offset=offsets[name], range_min=low, range_max=high)
        for name, scale in config.servos.items()
        for low, high in [ranges.get(name, WHOLE_TURN)]
    }


class _Travel:
    """Where servos have been while a person moved them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._seen: dict[str, list[int]] = {name: [] for name in names}

    def note(self, positions_steps: Mapping[str, int]) -> None:
        """They are here now."""
        for name in self._seen.keys() & positions_steps:
            self._seen[name].append(positions_steps[name])

    @property
    def unmoved(self) -> list[str]:
        """Those that have hardly moved."""
        return [name for name, seen in self._seen.items() if np.ptp(seen or [0]) < MIN_RANGE_STEPS]

    @property
    def table(self) -> Table:
        """For the person."""
        table = Table("joint", "lowest", "now", "highest")
        for name, seen in self._seen.items():
            if seen:
                table.add_row(name, *(str(value) for value in (min(seen), seen[-1], max(seen))))
        return table

    def ranges(self) -> dict[str, tuple[int, int]]:
        """Lowest and highest position of each. Raises ConfigError for one that went over the end of its scale."""
        return {name: range_of(np.array(seen)) for name, seen in self._seen.items()}


def _ranges(servos: StsByHand, names: Sequence[str], answers: TextIO, questions: TextIO) -> dict[str, tuple[int, int]]:
    """Lowest and highest position of each servo [steps], while a person moves them, until Enter is pressed."""
    questions.write(
        f"Move {', '.join(names)} slowly, one after the other, from stop to stop. "
        "Press Enter when the ranges no longer grow.\n"
    )
    questions.flush()
    travel = _Travel(names)
    with Live(console=Console(file=questions), auto_refresh=False) as live:
        while not _done(travel, answers, questions):
            travel.note(servos.positions_steps())
            live.update(travel.table, refresh=True)
    return travel.ranges()


def _done(travel: _Travel, answers: TextIO, questions: TextIO) -> bool:
    """Look for Enter: true once it was pressed, and every joint has moved."""
    if not select.select([answers], [], [], LOOK_S)[0]:
        return False
    ask("", answers, questions, NOBODY)
    if travel.unmoved:
        say(f"{', '.join(travel.unmoved)} has hardly moved: move it from stop to stop, then press Enter.")
    return not travel.unmoved


def _config(station: str, leader: bool) -> FeetechConfig:
    """Raises ConfigError unless the arm is one of STS servos."""
    driver, arm = arm_of(station, leader)
    if driver != DRIVER:
        raise ConfigError(f"station {station}: {unknown('driver of servos with scales', driver, [DRIVER])}")
    return arm.read(FeetechConfig)


def _read(path: Path, config: FeetechConfig) -> Scales:
    """Scales of a file. Raises ConfigError unless it has those of this arm."""
    try:
        scales = from_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if set(scales) != set(config.servos):
        raise ConfigError(f"{path} has scales of {', '.join(scales)}; this arm has {', '.join(config.servos)}")
    return {name: scales[name] for name in config.servos}


def _yaml(scales: Mapping[str, Mapping[str, int]], depth: int) -> str:
    lines = [
        f"  {name}: {{{', '.join(f'{key}: {value}' for key, value in scale.items())}}}"
        for name, scale in scales.items()
    ]
    return indent("\n".join(["servos:", *lines]), "  " * depth)
