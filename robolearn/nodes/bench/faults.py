"""``robolearn bench faults``: a moving arm, and everything that can go wrong around it, again and again."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from robolearn import atomic
from robolearn.bars import Bar, outcome
from robolearn.bench import machine
from robolearn.config import find
from robolearn.errors import BenchError, ConfigError
from robolearn.nodes.bench import truth
from robolearn.nodes.bench.bodies import TASK, Body, ServoBody, TwinBody
from robolearn.nodes.bench.fault_cell import FaultCell, running
from robolearn.nodes.bench.injections import WITH_SERVOS, WITH_TWIN, Injection, chosen
from robolearn.nodes.bench.truth import Truth
from robolearn.progress import Progress
from robolearn.station import StationConfig

NAME = "bench faults"
RECORDED_IN = "so101_twin"
RECOVERY_S, NAMING_S = 60.0, 30.0
MOVING_S = (0.3, 2.0)  # of motion before each fault
FAULT_S = 8.0  # for the first estimate of the time left
COMMAND = "import sys; from robolearn.cli.main import main; sys.exit(main())"
SMALL = {  # what is learned here does not matter
    "recording": {"demos": 4},
    "cloning": {"steps": 50},
    "reward": {"steps": 50},
    "practice": {"robot_steps": 10_000_000, "target_success": 1.0, "target_episodes": 1_000_000},
}
CELLS = ((TwinBody, WITH_TWIN), (ServoBody, WITH_SERVOS))


@dataclass(frozen=True)
class Suffered:
    """What became of one fault."""

    kind: str
    log: str  # of the body, that was written then
    at_s: float  # in the time of that log
    named: bool
    recovered: bool
    lost: int  # committed rows that are gone
    ends_stream: bool


class Learned(NamedTuple):
    """A run that can be practised on, and its configuration's file."""

    run: Path
    config: Path


class Hurt(NamedTuple):
    """What a cell has gone through."""

    suffered: list[Suffered]
    body: Body


class Motion(NamedTuple):
    """What one log says."""

    seconds: float
    outside: int
    excess: dict[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many, with which nodes, and where to keep the raw result."""
    parser.add_argument("--share", type=float, default=1.0, help="share of the whole table of faults")
    parser.add_argument("--only", help="only faults whose kind has this text in it")
    parser.add_argument("--folder", type=Path, help="new folder that keeps logs and runs (a temporary one)")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep every fault, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Hurt one cell after the other, and return figures and bars."""
    if not 0.0 < args.share <= 1.0:
        raise ConfigError(f"--share must be above 0 and at most 1, got {args.share}")
    if args.folder is not None and args.folder.exists():
        raise ConfigError(f"--folder {args.folder}: it is there already; name a new one")
    tables = [(make, _wanted(table, args)) for make, table in CELLS]
    total = sum(one.times for _, faults in tables for one in faults)
    if not total:
        kinds = ", ".join(one.kind for _, table in CELLS for one in table)
        raise ConfigError(f"--only {args.only!r}: no kind of fault has this in it. There are: {kinds}")
    with (
        tempfile.TemporaryDirectory(prefix="robolearn-faults-") as made,
        Progress({NAME: total * FAULT_S}) as progress,
        progress.stage(NAME, total=total) as stage,
    ):
        folder = args.folder or Path(made)
        learned = learn(folder / "learned")
        hurt = []
        for make, faults in tables:
            if faults:
                own = folder / make.device
                hurt.append(suffer(make(own), learned, own, faults, lambda note: stage.advance(note=note)))
        result = judge(hurt)
    if args.save is not None:
        raw = {**machine.raw_document(f"robolearn {NAME} --share {args.share:g}", result)}
        atomic.write_json(args.save, {**raw, "faults": [asdict(one) for cell in hurt for one in cell.suffered]})
    return result


def learn(folder: Path) -> Learned:
    """A few demonstrations, a base policy and a reward model, as small as can be. Raises BenchError."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load(find("learning", "residual").read_text(encoding="utf-8"))
    for part, values in SMALL.items():
        settings[part].update(values)
    learned = Learned(folder / "run", folder / "small.yaml")
    learned.config.write_text(yaml.safe_dump({**settings, "name": "small"}), encoding="utf-8")
    words = ["--station", RECORDED_IN, "--task", TASK, "--config", str(learned.config), "--run", str(learned.run)]
    for command in ("record", "train base", "train reward"):
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *command.split(), *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(f"robolearn {command}: {done.stderr.strip()[-500:]}")
    return learned


def suffer(body: Body, learned: Learned, folder: Path, faults: list[Injection], tell: Callable[[str], None]) -> Hurt:
    """Inject all ``faults`` in random order, each while the arm moves. Raises BenchError if the cell does not start."""
    run_folder = shutil.copytree(learned.run, folder / "run")
    with running(folder / "cell", run_folder, str(learned.config), body) as cell:
        planned = [one for one in faults for _ in range(one.times)]
        cell.rng.shuffle(planned)
        suffered = []
        for injection in planned:
            suffered.append(_suffer(cell, injection))
            tell(injection.kind)
    return Hurt(suffered, body)


def judge(hurt: Sequence[Hurt]) -> dict[str, Any]:
    """Figures and bars, of what was seen and of the bodies' own logs."""
    every = [one for cell in hurt for one in cell.suffered]
    unnamed = [one.kind for one in every if not one.named]
    stuck = [one.kind for one in every if not one.recovered]
    logs = [{name: log for name, log in cell.body.truths().items() if len(log.time_s)} for cell in hurt]
    moved = [_motion(log, cell.body.station) for cell, own in zip(hurt, logs, strict=True) for log in own.values()]
    rests = [1e3 * rest for cell, own in zip(hurt, logs, strict=True) for rest in _rests(cell.suffered, own)]
    figures = {
        "faults": len(every),
        "kinds": dict(Counter(sorted(one.kind for one in every))),
        "hours": sum(one.seconds for one in moved) / 3600,
        "beyond_limits_most": {name: max(one.excess[name] for one in moved) for name in moved[0].excess},
        "tolerances": {
            "joint_rad": truth.JOINT_SLACK_RAD, "tool_m": truth.TOOL_SLACK_M, "speed_share": truth.SPEED_SLACK - 1.0
        },
        "rests_measured": len(rests),
        "unnamed": unnamed,
        "not_recovered": stuck,
    }  # fmt: skip
    return outcome(
        figures,
        (
            Bar("motions_outside_limits", sum(one.outside for one in moved), 0, "<="),
            Bar("rest_ms_most", max(rests, default=0.0), 200.0, "<="),
            Bar("transitions_lost", sum(one.lost for one in every), 0, "<="),
            Bar("named_share", 1.0 - len(unnamed) / len(every), 1.0, ">="),
            Bar("recovered_share", 1.0 - len(stuck) / len(every), 1.0, ">="),
        ),
    )


def _wanted(table: tuple[Injection, ...], args: argparse.Namespace) -> list[Injection]:
    return [one for one in chosen(table, args.share) if args.only is None or args.only in one.kind]


def _motion(log: Truth, station: StationConfig) -> Motion:
    seconds = float(log.time_s[-1] - log.time_s[0])
    return Motion(seconds, sum(truth.outside(log, station).values()), truth.excess(log, station))


def _rests(suffered: list[Suffered], logs: Mapping[str, Truth]) -> list[float]:
    """How soon [s] the arm was at rest after each fault that ended its stream of commands."""
    ended = [one for one in suffered if one.ends_stream and one.log in logs]
    found = [truth.rest_s(logs[one.log], one.at_s) for one in ended]
    return [one for one in found if one is not None]


def _suffer(cell: FaultCell, injection: Injection) -> Suffered:
    cell.wait(cell.rng.uniform(*MOVING_S))
    committed, said, (log, at_s) = cell.committed(), len(cell.seen.named), cell.moment
    injection.act(cell)
    recovered = cell.moves_again(RECOVERY_S)

    def named() -> bool:
        return any(re.search(injection.named, report) for report in cell.seen.named[said:])

    is_named = cell.wait_until(named, NAMING_S)
    now = cell.committed()
    lost = sum(max(0, rows - now.get(name, 0)) for name, rows in committed.items())
    return Suffered(injection.kind, log, at_s, is_named, recovered, lost, injection.ends_stream)
