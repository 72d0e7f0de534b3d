"""Evaluation over several processes: each opens a cell of its own and takes one seed after the other."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from robolearn.autonomy.cell import Cell, open_cell
from robolearn.autonomy.evaluation import Evaluated, Outcome, Trial
from robolearn.autonomy.homing import start_pose
from robolearn.autonomy.models import learned_policy, load_base, load_reward
from robolearn.autonomy.per_process import once_per_process
from robolearn.autonomy.witness import EnoughSeen, Witness
from robolearn.backends import load_station, load_task
from robolearn.errors import BorderError, ConfigError, DeviceError, RobolearnError
from robolearn.learning.config import load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.processes import die_with
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

log = logging.getLogger(__name__)
Which = Literal["base", "final"]
Fault = BorderError | DeviceError
NOTHING_JUDGED = "the evaluation was ended before its first episode was judged: there is nothing to keep"
BY_KEYBOARD = "stopped by the keyboard"
WORKER_KILLED = (
    "a process of the evaluation was killed, as the system does when memory runs out: set fewer workers in the section "
    "evaluation of the learning configuration"
)
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


def evaluate(job: EvaluationJob, seeds: Sequence[int], workers: int, report: Callable[[Outcome], None]) -> Evaluated:
    """What becomes of ``seeds``. A fault or Ctrl-C ends it early, and loses no episode that is done.

    No further episode begins then; with several workers, a fault ends its own episode alone. Raises ConfigError and
    ModelError, and, if no episode is done, BorderError, DeviceError and KeyboardInterrupt."""
    if workers == 1:
        with ExitStack() as stack:
            return one_after_the_other(_open(job, stack), seeds, report)
    with _one_thread_each():
        return side_by_side(partial(_trial_here, job), seeds, workers, report)


def one_after_the_other(trial: Trial, seeds: Sequence[int], report: Callable[[Outcome], None]) -> Evaluated:
    """What a person has judged is kept, whatever ends the evaluation. Raises that if there is nothing to keep."""
    outcomes: list[Outcome] = []
    end: RobolearnError | KeyboardInterrupt
    try:
        for seed in seeds:
            outcomes.append(trial.run(seed))
            report(outcomes[-1])
        return Evaluated(tuple(outcomes))
    except EnoughSeen:
        end, why = ConfigError(NOTHING_JUDGED), "ended by the person"
    except (BorderError, DeviceError) as fault:
        end, why = fault, str(fault)
    except KeyboardInterrupt as stop:
        end, why = stop, BY_KEYBOARD
    is_enough = trial.witness is not None and not isinstance(end, KeyboardInterrupt)
    return _kept(outcomes, why, end, None if is_enough else end)


def side_by_side(
    open_trial: Callable[[], Trial], seeds: Sequence[int], workers: int, report: Callable[[Outcome], None]
) -> Evaluated:
    """In so many processes, each of which asks ``open_trial`` for its trial, again for each of its seeds.

    Raises what ended the evaluation if there is nothing to keep."""
    tasks: dict[int, Future[Outcome | Fault]] = {}
    end: RobolearnError | KeyboardInterrupt | None = None
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _belong_to, (os.getpid(),))
    try:
        for seed in seeds:
            tasks[seed] = pool.submit(_run_one, open_trial, seed)
        for task in as_completed(tasks.values()):
            if isinstance(done := task.result(), Outcome):
                report(done)
    except (RobolearnError, KeyboardInterrupt) as error:
        end = error
    except BrokenProcessPool:
        end = ConfigError(WORKER_KILLED)
    finally:
        pool.shutdown(cancel_futures=True)
    return _gathered({seed: task.result() for seed, task in tasks.items() if _is_done(task)}, end)


def _is_done(task: Future[Outcome | Fault]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _gathered(done: Mapping[int, Outcome | Fault], end: RobolearnError | KeyboardInterrupt | None) -> Evaluated:
    outcomes = [one for one in done.values() if isinstance(one, Outcome)]
    faults = {seed: one for seed, one in done.items() if not isinstance(one, Outcome)}
    if end is not None:
        return _kept(outcomes, BY_KEYBOARD if isinstance(end, KeyboardInterrupt) else str(end), end, end)
    if faults:
        seed, fault = next(iter(faults.items()))
        why = f"a fault has cut short {len(faults)} of {len(done)} episodes, the first with seed {seed}: {fault}"
        return _kept(outcomes, why, fault, fault)
    return Evaluated(tuple(outcomes))


def _kept(
    outcomes: Sequence[Outcome],
    why: str,
    end: RobolearnError | KeyboardInterrupt,
    error: RobolearnError | KeyboardInterrupt | None,
) -> Evaluated:
    """Raises ``end`` if there is nothing to keep."""
    if not outcomes:
        raise end
    log.warning("the evaluation ends after %d episodes, which are kept: %s", len(outcomes), why)
    return Evaluated(tuple(outcomes), why, error)


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


def _belong_to(parent: int) -> None:
    """End with the parent, and leave Ctrl-C to it, which a terminal sends to the workers too."""
    die_with(parent)()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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


def _trial_here(job: EvaluationJob) -> Trial:
    return _trial_of_this_process(job)


def _run_one(open_trial: Callable[[], Trial], seed: int) -> Outcome | Fault:
    """A fault in an episode is handed back: the others go on. One in opening the cell is that of all, and raised."""
    trial = open_trial()
    try:
        return trial.run(seed)
    except (BorderError, DeviceError) as fault:
        return fault
