"""What every command of a run shares: its arguments, its folder, and the file that says what was run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robolearn import __version__, atomic
from robolearn.backends import BACKENDS, load_station, load_task
from robolearn.config import find
from robolearn.errors import ConfigError, StoreError
from robolearn.learning.config import LearningConfig, load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.seeds import DEMOS
from robolearn.station import StationConfig
from robolearn.task import TaskConfig

STATION, TASK, LEARNING = "so101_twin", "cube_in_bin", "residual"
FIRST = "record"
IDENTITY = ("task", "station", "config", "seed")


@dataclass(frozen=True)
class Job:
    """One run: where it lies, and what it is made of; the names are as they were given."""

    run: RunFolder
    station: StationConfig
    task: TaskConfig
    config: LearningConfig
    names: dict[str, str]  # of station, task and config
    seed: int

    @property
    def file(self) -> Path:
        """``run.json``."""
        return self.run.file("run.json")

    @property
    def is_kept(self) -> bool:
        """True if the folder keeps something of a run: before that nobody has a claim on it."""
        run = self.run
        return any(part.exists() for part in (run.store, run.base, run.reward, run.weights))

    def command(self, name: str) -> str:
        """The words of another command of this run."""
        given = [("--station", "station", STATION), ("--task", "task", TASK), ("--config", "config", LEARNING)]
        words = [f"{flag} {self.names[key]}" for flag, key, default in given if self.names[key] != default]
        words += [f"--seed {self.seed}"] if self.seed else []
        return " ".join([f"robolearn {name}", *words, f"--run {self.run.path}"])

    def describe(self) -> dict[str, Any]:
        """What ``run.json`` holds, or is to hold. Raises StoreError if it is damaged."""
        if not self.is_kept:
            return self._new()
        try:
            plain: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._new()
        except (OSError, ValueError) as cause:
            raise StoreError(
                f"{self.file} cannot be read: {cause}. Restore it, or choose another run folder."
            ) from cause
        return plain

    @property
    def is_elsewhere(self) -> bool:
        """True if the run was made on another station than this."""
        return bool(self.describe()["station"] != self.station.name)

    def update(self, **changes: Any) -> None:
        """Write ``changes`` into ``run.json``."""
        atomic.write_json(self.file, {**self.describe(), **changes})

    def is_done(self, stage: str) -> bool:
        """True if ``stage`` has been done, and nothing before it has been done again since."""
        return stage in self.describe()["done"]

    @contextmanager
    def stage(self, name: str, after: tuple[str, ...] = ()) -> Iterator[None]:
        """Do a stage: its time is added up, and it is done at the end; stages ``after`` it have to be done again.

        Raises StoreError for any but the first stage of a run that is not there, and writes nothing then."""
        if name != FIRST and not self.run.path.is_dir():
            raise StoreError(f"there is no run at {self.run.path}. Begin one with: {self.command(FIRST)}")
        known = self.describe()
        self.update(done=[done for done in known["done"] if done not in (name, *after)])
        start_s = time.monotonic()
        try:
            yield
            self.update(done=[*self.describe()["done"], name])
        finally:
            taken = self.describe()["stages_s"]
            self.update(stages_s={**taken, name: taken.get(name, 0.0) + time.monotonic() - start_s})

    def _new(self) -> dict[str, Any]:
        return {
            "task": self.task.name,
            "station": self.station.name,
            "config": self.config.name,
            "seed": self.seed,
            "version": __version__,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": " ".join(["robolearn", *sys.argv[1:]]),
            "policy_hz": self.station.policy_hz,
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "stages_s": {},
            "done": [],
        }


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    parser.add_argument("--task", default=TASK, help=f"name or file of the task ({TASK})")
    parser.add_argument("--station", default=STATION, help=f"name or file of the station ({STATION})")
    parser.add_argument("--config", default=LEARNING, help=f"name or file of the learning configuration ({LEARNING})")
    parser.add_argument("--seed", type=int, default=0, help="training seed")
    parser.add_argument("--run", type=Path, help="folder of the run (runs/TASK-SEED)")


def add_backend_argument(parser: argparse.ArgumentParser) -> None:
    """Where the devices are."""
    choices = ", ".join(BACKENDS)
    parser.add_argument("--backend", help=f"where the station's devices are, instead of as its file says: {choices}")


def job_of(args: argparse.Namespace, elsewhere: bool = False) -> Job:
    """The run that the arguments mean; nothing is written yet. ``elsewhere``: the station may be another.

    Raises ConfigError for an unknown name, a file that is unfit, or a folder that holds another run."""
    station = load_station(args.station, getattr(args, "backend", None))
    task, config = load_task(args.task), _learning(args.config)
    DEMOS.seed(0, args.seed)
    folder = args.run or Path("runs") / f"{task.name}-{args.seed}"
    names = {"station": args.station, "task": args.task, "config": args.config}
    job = Job(RunFolder(folder), station, task, config, names, args.seed)
    asked, known = job._new(), job.describe()
    identity = [key for key in IDENTITY if not (elsewhere and key == "station")]
    differing = [f"{key} {known.get(key)!r}, not {asked[key]!r}" for key in identity if known.get(key) != asked[key]]
    if differing:
        raise ConfigError(f"{folder} holds a run with the {', the '.join(differing)}: give another folder with --run")
    return job


def _learning(name: str) -> LearningConfig:
    """The learning file. Raises ConfigError for one that goes by another name: runs tell files apart by it."""
    learning, path = load_learning(name), find("learning", name)
    if learning.name != path.stem:
        raise ConfigError(
            f"{path}: name: {learning.name!r} is not the name of the file. Write 'name: {path.stem}', or rename the "
            f"file to {learning.name}{path.suffix}: a run is told apart from others by it"
        )
    return learning


def say(message: str) -> None:
    """Tell the person at the terminal."""
    print(f"robolearn: {message}", file=sys.stderr, flush=True)
