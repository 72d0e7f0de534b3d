"""``robolearn practice``: the robot practises by itself, judged by the reward model, while a learner learns from it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from robolearn import atomic
from robolearn.autonomy.actor import Actor, Practised
from robolearn.autonomy.cell import Cell, is_lock_step, open_cell
from robolearn.autonomy.confirm import Confirmed
from robolearn.autonomy.learner_process import LearnerProcess, learner_words
from robolearn.autonomy.models import exploring_policy, load_base, load_reward
from robolearn.autonomy.pace import Pace
from robolearn.autonomy.practice import Practice
from robolearn.backends import backend_of
from robolearn.cli.driving import STATION, check_person, person, teleops
from robolearn.cli.job import Job, add_backend_argument, add_job_arguments, job_of, say
from robolearn.cli.recorded import recorded
from robolearn.contracts import Teleop
from robolearn.episodes import EpisodeStore
from robolearn.errors import ConfigError
from robolearn.learning.config import PracticeSettings
from robolearn.learning.metrics import MetricsLog
from robolearn.learning.weights import WeightsFolder
from robolearn.policies.chunk import ChunkPolicy
from robolearn.progress import Progress, Stage
from robolearn.report.summary import robot_minutes
from robolearn.rewards.classifier import SuccessClassifier
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

NAME = "practice"
AFTER = ("eval final",)
NOBODY, ONLOOKER = "none", "onlooker"


class Models(NamedTuple):
    """What practice starts from."""

    store: EpisodeStore
    base: ChunkPolicy
    reward: SuccessClassifier


class Around(NamedTuple):
    """What goes on around practice."""

    person: Callable[[Cell], Teleop | None]  # who may take over
    watching: AbstractContextManager[Callable[[], None]]  # gives what looks after the learner, between episodes
    report: Callable[[Practised], None]
    metrics: MetricsLog
    say: Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, how long, and who may take over."""
    add_job_arguments(parser)
    add_backend_argument(parser)
    parser.add_argument("--steps", type=int, help="budget of steps, of all practice together (from the configuration)")
    parser.add_argument(
        "--teleop", default=NOBODY,
        help=f"who may take over: {', '.join(teleops())}, or a file; {ONLOOKER}, scripted, at a twin ({NOBODY})",
    )  # fmt: skip
    parser.add_argument("--no-learner", action="store_true", help="somebody else has started 'robolearn learn'")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Practise, and return how far it came."""
    job = job_of(args)
    _check(job, args.teleop)
    settings = job.config.practice
    if args.steps is not None:
        if args.steps < 1:
            raise ConfigError(f"--steps must be at least 1, got {args.steps}")
        settings = replace(settings, robot_steps=args.steps)
    with Progress({NAME: settings.robot_steps / 50.0}) as progress:
        practised = work(job, progress, settings, args.teleop, learner=not args.no_learner)
    return {
        "episodes": practised.episodes,
        "robot_steps": practised.steps,
        "robot_minutes": robot_minutes(practised.steps, job.station.policy_hz),
        "success_rate": practised.success_rate(min(settings.target_episodes, len(practised.outcomes) or 1)),
        "weights": job.run.weights,
    }


def work(
    job: Job, progress: Progress, settings: PracticeSettings, teleop: str = "none", learner: bool = True
) -> Practised:
    """The stage, with a learner as child process. Raises ConfigError, DeviceError, StoreError and ModelError."""
    with progress.stage(NAME, total=settings.robot_steps) as stage:
        around = Around(
            person=lambda cell: may_take_over(job, teleop, cell),
            watching=_learner(job) if learner else nullcontext(_nobody),
            report=lambda done: _show(stage, done, settings),
            metrics=MetricsLog(job.run.metrics),
            say=say,
        )
        return practise(job, settings, around)


def practise(job: Job, settings: PracticeSettings, around: Around) -> Practised:
    """Practise in the job's cell. Raises ConfigError, DeviceError, StoreError and ModelError."""
    torch.set_num_threads(1)
    tower = Tower.load(job.config.features.tower)
    models = Models(recorded(job), load_base(job.run, tower), load_reward(job.run, tower))
    encoder = Encoder(tower, tuple(job.station.cameras), job.config.features.variants, job.seed)
    with ExitStack() as stack:
        stack.enter_context(job.stage(NAME, AFTER))
        stack.enter_context(job.run.alone("actor"))
        cell = stack.enter_context(open_cell(job.station, job.task, encoder))
        actor = _actor(job, cell, models, settings, around)
        if actor.teleop is not None:
            actor.teleop.connect()
            stack.callback(actor.teleop.close)
        watch = stack.enter_context(around.watching)
        if is_lock_step(cell.station.clock):
            actor.wait = _pace(job, settings, around.say, watch).wait
        practised = Practice(actor, settings, around.metrics, watch, around.report).run()
        timings = actor.stopwatch.table(1.0 / job.station.policy_hz)
        atomic.write_json(job.run.file("timing.json"), timings)
    return practised


def _actor(job: Job, cell: Cell, models: Models, settings: PracticeSettings, around: Around) -> Actor:
    return Actor(
        cell=cell,
        store=models.store,
        policy=exploring_policy(models.base, job.config.residual),
        reward=Confirmed(models.reward, settings.confirm_ticks),
        weights=WeightsFolder(job.run.weights, job.config.learner.keep_weights),
        settings=settings,
        run_seed=job.seed,
        reward_version=models.reward.shape.version,
        say=around.say,
        teleop=around.person(cell),
    )


@contextmanager
def _learner(job: Job) -> Iterator[Callable[[], None]]:
    settings = job.config.practice
    stands_still = job.station.backend == "twin"  # while nobody acts: nothing is late if the learner takes its time
    words = learner_words(job.run, job.names["config"], job.seed, gives_way=not stands_still)
    with LearnerProcess(job.run, words, settings.learner_restarts, job.config.learner.threads, say) as process:
        yield process.watch


def _pace(job: Job, settings: PracticeSettings, say: Callable[[str], None], watch: Callable[[], None]) -> Pace:
    ratio = job.config.learner.ratio
    return Pace(job.run.progress, ratio, settings.lead_steps, settings.learner_patience_s, say, watch)


def _check(job: Job, teleop: str) -> None:
    """What can be known before anything is opened. Raises ConfigError and StoreError."""
    check_person(teleop, (NOBODY, ONLOOKER))
    if teleop == ONLOOKER and job.station.backend == "drivers":
        raise ConfigError(
            f"--teleop {ONLOOKER} is a scripted person at a twin; at the real station {job.station.name} give "
            f"{STATION}, its own device, or one of {', '.join(teleops())}"
        )
    recorded(job)


def may_take_over(job: Job, name: str, cell: Cell) -> Teleop | None:
    """Who may; None for nobody. Raises ConfigError if that cannot be had."""
    if name == NOBODY:
        return None
    if name == ONLOOKER:
        settings = job.config.practice
        patience_s = settings.onlooker_patience * job.task.time_limit_s
        return backend_of(job.station).onlooker(cell.station.world, job.station, settings.onlooker_stall_s, patience_s)
    return person(name, cell.station, job.task)


def _show(stage: Stage, done: Practised, settings: PracticeSettings) -> None:
    newest = min(settings.target_episodes, len(done.outcomes))
    rate = done.success_rate(newest) if newest else None
    note = f"{done.episodes} episodes" + (f", {rate:.0%} of the last {newest} succeeded" if rate is not None else "")
    stage.update(done.steps, note)


def _nobody() -> None:
    """Nobody looks after a learner that somebody else has started."""
