"""``robolearn bench faults``: a moving arm, and everything that can go wrong around it, again and again."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from robolearn import atomic
from robolearn.bars import Bar, outcome
from robolearn.bench import machine
from robolearn.config import find
from robolearn.errors import BenchError, ConfigError
from robolearn.nodes.bench import truth
from robolearn.nodes.bench.fault_cell import STATION, FaultCell, running
from robolearn.nodes.bench.injections import NODES, Injection, chosen
from robolearn.progress import Progress

NAME, TASK = "bench faults", "cube_in_bin"
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


@dataclass(frozen=True)
class Suffered:
    """What became of one fault."""

    kind: str
    process: str  # log of the twin's process that ran then
    twin_s: float
    named: bool
    recovered: bool
    lost: int  # committed rows that are gone
    ends_stream: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many, with which nodes, and where to keep the raw result."""
    parser.add_argument("--share", type=float, default=1.0, help="share of the whole table of faults")
    parser.add_argument("--only", help="only faults whose kind has this text in it")
    parser.add_argument("--folder", type=Path, help="where to keep logs and the run (a temporary folder)")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep every fault, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Hurt the cell, and return figures and bars."""
    if not 0.0 < args.share <= 1.0:
        raise ConfigError(f"--share must be above 0 and at most 1, got {args.share}")
    faults = [one for one in chosen(NODES, args.share) if args.only is None or args.only in one.kind]
    total = sum(one.times for one in faults)
    with (
        tempfile.TemporaryDirectory(prefix="robolearn-faults-") as made,
        Progress({NAME: total * FAULT_S}) as progress,
        progress.stage(NAME, total=total) as stage,
    ):
        folder = args.folder or Path(made)
        suffered, cell = suffer(folder, faults, NODES, lambda note: stage.advance(note=note))
        result = judge(suffered, cell)
    if args.save is not None:
        raw = {**machine.raw_document(f"robolearn {NAME} --share {args.share:g}", result)}
        atomic.write_json(args.save, {**raw, "faults": [asdict(one) for one in suffered]})
    return result


def suffer(
    folder: Path, faults: list[Injection], nodes: tuple[str, ...], tell: Callable[[str], None]
) -> tuple[list[Suffered], FaultCell]:
    """Inject all ``faults`` in random order, each while the arm moves. Raises BenchError if the cell does not start."""
    run_folder, config = _make_run(folder)
    with running(folder / "cell", run_folder, str(config), TASK, nodes) as cell:
        planned = [one for one in faults for _ in range(one.times)]
        cell.rng.shuffle(planned)
        suffered = []
        for injection in planned:
            suffered.append(_suffer(cell, injection))
            tell(injection.kind)
    return suffered, cell


def judge(suffered: list[Suffered], cell: FaultCell) -> dict[str, Any]:
    """Figures and bars, of what was seen and of the twin's own log."""
    logs = {path.name: truth.read(path, cell.station) for path in cell.truths}
    truths = {name: log for name, log in logs.items() if len(log.time_s)}
    outside = {name: truth.outside(one, cell.station) for name, one in truths.items()}
    motions = sum(sum(one.values()) for one in outside.values())
    rests = [
        1e3 * found
        for one in suffered
        if one.ends_stream and one.process in truths
        for found in [truth.rest_s(truths[one.process], one.twin_s)]
        if found is not None
    ]
    beyond = [truth.excess(one, cell.station) for one in truths.values()]
    kinds = sorted({one.kind for one in suffered})
    unnamed = [one.kind for one in suffered if not one.named]
    stuck = [one.kind for one in suffered if not one.recovered]
    figures = {
        "faults": len(suffered),
        "kinds": {kind: sum(one.kind == kind for one in suffered) for kind in kinds},
        "twin_hours": sum(float(one.time_s[-1]) for one in truths.values()) / 3600,
        "beyond_limits_most": {name: max(one[name] for one in beyond) for name in beyond[0]},
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
            Bar("motions_outside_limits", motions, 0, "<="),
            Bar("rest_ms_most", max(rests, default=0.0), 200.0, "<="),
            Bar("transitions_lost", sum(one.lost for one in suffered), 0, "<="),
            Bar("named_share", 1.0 - len(unnamed) / len(suffered), 1.0, ">="),
            Bar("recovered_share", 1.0 - len(stuck) / len(suffered), 1.0, ">="),
        ),
    )


def _suffer(cell: FaultCell, injection: Injection) -> Suffered:
    cell.wait(cell.rng.uniform(*MOVING_S))
    committed, said, twin_s, process = cell.committed(), len(cell.seen.named), cell.seen.twin_s, cell.twin_log.name
    injection.act(cell)
    recovered = cell.moves_again(RECOVERY_S)

    def named() -> bool:
        return any(re.search(injection.named, report) for report in cell.seen.named[said:])

    is_named = cell.wait_until(named, NAMING_S)
    now = cell.committed()
    lost = sum(max(0, rows - now.get(name, 0)) for name, rows in committed.items())
    return Suffered(injection.kind, process, twin_s, is_named, recovered, lost, injection.ends_stream)


def _make_run(folder: Path) -> tuple[Path, Path]:
    """A run with a few demonstrations, a base policy and a reward model, as small as can be."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load(find("learning", "residual").read_text(encoding="utf-8"))
    for part, values in SMALL.items():
        settings[part].update(values)
    config, run_folder = folder / "small.yaml", folder / "run"
    config.write_text(yaml.safe_dump({**settings, "name": "small"}), encoding="utf-8")
    words = ["--station", STATION, "--task", TASK, "--config", str(config), "--run", str(run_folder)]
    for command in ("record", "train base", "train reward"):
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *command.split(), *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(f"robolearn {command}: {done.stderr.strip()[-500:]}")
    return run_folder, config
