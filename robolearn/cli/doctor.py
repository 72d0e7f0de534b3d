"""``robolearn doctor``: one table of everything a station needs, and what to do about what is not green."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from robolearn import config
from robolearn.backends import backend_of, load_station, load_task
from robolearn.cli.output import as_line
from robolearn.doctor.calibrations import calibration_findings
from robolearn.doctor.devices import device_findings
from robolearn.doctor.finding import Finding, Level
from robolearn.doctor.fit import fit_findings
from robolearn.doctor.machine import machine_findings
from robolearn.doctor.permissions import permission_findings
from robolearn.errors import ConfigError, DeviceError
from robolearn.station import StationConfig
from robolearn.task import TaskConfig

OK, ILL = 0, 1
SECONDS = 3.0
BARE = "on_table"
PLAIN_WIDTH = 160  # where the table does not go to a terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which station, and how long to watch each device."""
    parser.add_argument("--station", required=True, help="name or file of the station")
    parser.add_argument("--task", help="task whose scene a twin is to have (a bare cell of the SO-101)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long to read each device ({SECONDS:g})")


def run(args: argparse.Namespace) -> int:
    """Examine, show, and return 1 if anything is red. Nothing moves."""
    if not args.seconds > 0.0:
        raise ConfigError(f"--seconds must be above 0, got {args.seconds}")
    task = config.load(config.find("calibration", BARE), TaskConfig) if args.task is None else load_task(args.task)
    findings = list(examine(load_station(args.station), task, args.seconds))
    if args.json:
        print(as_line({"station": args.station, "lines": [one.as_dict() for one in findings], **_counts(findings)}))
    else:
        _show(findings)
    return ILL if any(one.level is Level.RED for one in findings) else OK


def examine(station: StationConfig, task: TaskConfig, seconds: float) -> Iterator[Finding]:
    """Every finding, devices first."""
    arm = None
    try:
        with closing(backend_of(station).world(station, task)) as world:
            arm = next(iter(world.arms))
            yield from device_findings(world, station, seconds)
            yield from fit_findings(world, station)
    except (ConfigError, DeviceError) as error:
        yield Finding("devices", Level.RED, "cannot be opened", str(error))
    yield from permission_findings(station)
    yield from calibration_findings(station, arm)
    yield from machine_findings(Path.cwd(), station)


def _counts(findings: list[Finding]) -> dict[str, int]:
    return {level.value: sum(one.level is level for one in findings) for level in Level}


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for one in findings:
        table.add_row(f"[{one.level.value}]{one.level.value}[/]", one.what, one.found, one.do)
    Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)
