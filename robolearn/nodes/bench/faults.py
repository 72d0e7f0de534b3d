"""``robolearn bench faults``: a moving arm, and everything that can go wrong around it, again and again."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from robolearn import atomic
from robolearn.bench import machine
from robolearn.config import find
from robolearn.errors import BenchError, ConfigError
from robolearn.nodes.bench.bodies import TASK, Body, ServoBody, TwinBody
from robolearn.nodes.bench.fault_cell import FaultCell, running
from robolearn.nodes.bench.injections import WITH_SERVOS, WITH_TWIN, Injection, chosen
from robolearn.nodes.bench.judging import Hurt, Suffered, judge
from robolearn.progress import Progress

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


class Learned(NamedTuple):
    """A run that can be practised on, and its configuration's file."""

    run: Path
    config: Path


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


def _wanted(table: tuple[Injection, ...], args: argparse.Namespace) -> list[Injection]:
    return [one for one in chosen(table, args.share) if args.only is None or args.only in one.kind]


def _suffer(cell: FaultCell, injection: Injection) -> Suffered:
    cell.wait(cell.rng.uniform(*MOVING_S))
    cell.wait_until_led(RECOVERY_S)
    committed, said, (log, at_s) = cell.committed(), len(cell.seen.named), cell.moment
    injection.act(cell)
    recovered = cell.moves_again(RECOVERY_S)

    def named() -> bool:
        return any(re.search(injection.named, report) for report in cell.seen.named[said:])

    is_named = cell.wait_until(named, NAMING_S)
    now = cell.committed()
    lost = sum(max(0, rows - now.get(name, 0)) for name, rows in committed.items())
    return Suffered(injection.kind, log, at_s, is_named, recovered, lost, injection.ends_stream)
