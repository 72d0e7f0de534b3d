"""Evaluation over several processes: each opens a cell of its own and takes one seed after the other."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from robolearn.autonomy.cell import Cell, open_cell
from robolearn.autonomy.evaluation import Outcome, Trial
from robolearn.autonomy.homing import start_pose
from robolearn.autonomy.models import learned_policy, load_base, load_reward
from robolearn.autonomy.per_process import once_per_process
from robolearn.autonomy.witness import EnoughSeen, Witness
from robolearn.backends import load_station, load_task
from robolearn.errors import ConfigError, DeviceError
from robolearn.learning.config import load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

log = logging.getLogger(__name__)
Which = Literal["base", "final"]
THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class EvaluationJob:
    """What to evaluate, by names that another process can look up."""

    run: Path
    station: str
    backend: str
    task: str
    config: str
    which: Which
    start_pose: Path | None = None  # file with that of the run's own arm, where no world brings the arm to its start


def evaluate(
    job: EvaluationJob, seeds: Sequence[int], workers: int, report: Callable[[Outcome], None]
) -> list[Outcome]:
    """Outcomes in the order of ``seeds``; of the first, if a person ends it early. Raises ConfigError, DeviceError and
    ModelError.

    If anything is raised, Ctrl-C included, no further episode begins."""
    if workers == 1:
        with ExitStack() as stack:
            return one_after_the_other(_open(job, stack), seeds, report)
    with _one_thread_each():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _leave_ctrl_c_to_the_parent)
        try:
            tasks = [pool.submit(_run_one, job, seed) for seed in seeds]
            by_seed = {done.seed: done for done in (_reported(task.result(), report) for task in as_completed(tasks))}
        finally:
            pool.shutdown(cancel_futures=True)
    return [by_seed[seed] for seed in seeds]


def one_after_the_other(trial: Trial, seeds: Sequence[int], report: Callable[[Outcome], None]) -> list[Outcome]:
    """What a person has judged is kept, whatever ends the evaluation."""
    outcomes: list[Outcome] = []
    try:
        for seed in seeds:
            outcomes.append(_reported(trial.run(seed), report))
    except EnoughSeen:
        log.info("ended by the person after %d episodes", len(outcomes))
    except DeviceError as error:
        if trial.witness is None or not outcomes:
            raise
        log.warning("the evaluation ends after %d episodes: %s", len(outcomes), error)
    if not outcomes:
        raise ConfigError("the evaluation was ended before its first episode was judged: there is nothing to keep")
    return outcomes


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started meanwhile find the number of threads in their environment."""
    before = {name: os.environ.pop(name, None) for name in THREADS}
    os.environ.update(THREADS)
    try:
        yield
    finally:
        for name in THREADS:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _leave_ctrl_c_to_the_parent() -> None:
    """A terminal sends it to the workers too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reported(outcome: Outcome, report: Callable[[Outcome], None]) -> Outcome:
    report(outcome)
    return outcome


def _open(job: EvaluationJob, stack: ExitStack) -> Trial:
    config, run = load_learning(job.config), RunFolder(job.run)
    tower = Tower.load(config.features.tower)
    base, reward = load_base(run, tower), load_reward(run, tower)
    policy = base if job.which == "base" else learned_policy(run, base, config.residual)
    station = load_station(job.station, job.backend)
    encoder = Encoder(tower, tuple(station.cameras), variants=1, seed=0)
    cell = stack.enter_context(open_cell(station, load_task(job.task), encoder))
    return Trial(
        cell, policy, reward, config.evaluation.hold_ticks, config.evaluation.strip_frames, _witness(cell, job)
    )


def _witness(cell: Cell, job: EvaluationJob) -> Witness | None:
    """Nobody where the world knows the truth."""
    if cell.station.world.succeeded() is not None:
        return None
    return Witness(cell.station, cell.task.instruction, start_pose(cell.station, job.start_pose))


_trial_of_this_process = once_per_process(_open)


def _run_one(job: EvaluationJob, seed: int) -> Outcome:
    return _trial_of_this_process(job).run(seed)
