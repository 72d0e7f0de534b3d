"""``robolearn bench ros-practice``: a skill practised over ROS, and evaluated there and in process.

Demonstrations, base policy and reward model are made in process. Then the twin, the safety gate, the actor and the
learner are processes of their own: the practice has to beat its base, and the policy has to succeed as often over ROS
as it does in process, on the same held-out resets.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from robolearn import atomic
from robolearn.bars import Bar, between, outcome
from robolearn.bench import machine
from robolearn.cli import evaluate, practice, record, train_base, train_reward
from robolearn.cli.job import Job, job_of
from robolearn.errors import ConfigError, DeviceError
from robolearn.nodes import network
from robolearn.nodes.bench.ready import wait_for_gate
from robolearn.nodes.link import Link
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.rules import argument, assignment
from robolearn.nodes.up.setups import Wanted, starts
from robolearn.progress import Progress

T = TypeVar("T")
STATION = "so101_twin"
NODES = ("twin_node", "safety_node")
STEPS, EPISODES = 4000, 50
TRIES = 5
READY_S = 120.0
ANSWER_S = 10.0  # of the arm to the gate, on a busy machine
SECONDS_A_STEP, SECONDS_AN_EPISODE = 0.1, 4.0  # for the first estimate of the time left


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is practised, how long, and how often it is tried."""
    parser.add_argument("--task", default="lift_cube", help="name or file of the task (lift_cube)")
    parser.add_argument("--config", default="residual", help="name or file of the learning configuration (residual)")
    parser.add_argument("--seed", type=int, default=0, help="training seed")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"steps of practice ({STEPS})")
    parser.add_argument("--episodes", type=int, default=EPISODES, help=f"held-out resets ({EPISODES})")
    parser.add_argument("--run", type=Path, help="folder of the run, to be kept (a new one, for as long as it takes)")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep the result, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Learn, evaluate, and return figures and bars."""
    if args.steps < 1 or args.episodes < 1:
        raise ConfigError("--steps and --episodes must be at least 1")
    with tempfile.TemporaryDirectory(prefix="robolearn-") as folder:
        given = {**vars(args), "station": STATION, "run": args.run or Path(folder) / "run"}
        figures = measure(job_of(argparse.Namespace(**given)), args.steps, args.episodes, Path(folder))
    result = outcome(figures, bars(figures))
    if args.save is not None:
        command = f"robolearn bench ros-practice --task {args.task} --steps {args.steps} --episodes {args.episodes}"
        atomic.write_json(args.save, machine.raw_document(command, result))
    return result


def measure(job: Job, steps: int, episodes: int, logs: Path) -> dict[str, Any]:
    """Successes of base and final policy. Raises BenchError, ConfigError, DeviceError, StoreError and ModelError."""
    over_ros = replace(job, station=replace(job.station, backend="ros"))
    settings = replace(job.config.practice, robot_steps=steps)
    expected_s = {
        "record": 20.0, "train base": 30.0, "train reward": 15.0, "eval base": episodes * SECONDS_AN_EPISODE,
        "practice": steps * SECONDS_A_STEP, "eval final": 2 * episodes * SECONDS_AN_EPISODE,
    }  # fmt: skip
    with Progress(expected_s) as progress:
        record.work(job, progress, job.config.recording.demos)
        train_base.work(job, progress)
        train_reward.work(job, progress)
        base = evaluate.work(job, progress, "base", episodes)
        with running_cell(job, logs):
            start_s = time.monotonic()
            practised = patiently(lambda: practice.work(over_ros, progress, settings, "onlooker"))
            practice_s = time.monotonic() - start_s
            final_ros = patiently(lambda: evaluate.work(over_ros, progress, "final", episodes))
        final = evaluate.work(job, progress, "final", episodes)
    return {
        "episodes": episodes,
        "practice": {"steps": practised.steps, "episodes": practised.episodes, "wall_s": practice_s},
        "base": _share(base),
        "final_in_process": _share(final),
        "final_over_ros": _share(final_ros),
        "same_outcomes": sum(one == other for one, other in _pairs(final, final_ros)),
    }


def patiently(work: Callable[[], T]) -> T:
    """Do a stage, again if a cell on a busy machine has not answered in time. Raises DeviceError the last time."""
    for _ in range(TRIES - 1):
        with suppress(DeviceError):
            return work()
    return work()


def bars(figures: Mapping[str, Any]) -> list[Bar]:
    """What is promised."""
    over_ros, in_process = figures["final_over_ros"], figures["final_in_process"]
    gained = over_ros["success"] - figures["base"]["success"]
    same = between("success_over_ros", over_ros["success"], *in_process["ci95"])
    return [*same, Bar("success_gained", gained, 1.0 / figures["episodes"], ">=")]


@contextmanager
def running_cell(job: Job, logs: Path) -> Iterator[None]:
    """The twin in lock-step with its onlooker, and the gate, each a process. Raises BenchError if they do not start."""
    namespace, settings = f"/practice_{os.getpid()}", job.config.practice
    patience_s = settings.onlooker_patience * job.task.time_limit_s
    given = (
        argument("task", job.names["task"]), argument("answer_s", ANSWER_S), assignment("twin_node:lock_step:=true"),
        assignment("twin_node:person:=onlooker"), assignment(f"twin_node:stall_s:={settings.onlooker_stall_s}"),
        assignment(f"twin_node:patience_s:={patience_s}"),
    )  # fmt: skip
    wanted = Wanted("twin", job.names["station"], namespace, given)
    children = [Child(start, logs, "warn") for start in starts(wanted) if start.entry.name in NODES]
    before = os.environ.get(network.NAMESPACE, "")
    os.environ[network.NAMESPACE] = namespace
    try:
        for child in children:
            child.start()
        with closing(Link("bench", namespace, READY_S)) as link:
            wait_for_gate(link, children)
        yield
    finally:
        os.environ[network.NAMESPACE] = before
        end_all(children)


def _share(result: Mapping[str, Any]) -> dict[str, Any]:
    successes, episodes = result["successes"], result["episodes"]
    return {"successes": successes, "success": successes / episodes, "ci95": result["ci95"]}


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    return zip(one["per_episode"], other["per_episode"], strict=True)
