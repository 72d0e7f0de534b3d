"""``robolearn demo``: from nothing to a learned skill and its report; goes on where it was interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from rich.console import Console

from robolearn import atomic
from robolearn.bars import Bar, between, holds, outcome
from robolearn.cli import evaluate, practice, record, train_base, train_reward
from robolearn.cli.job import Job, add_job_arguments, job_of, say
from robolearn.cli.main import BAR_MISSED, OK
from robolearn.learning.config import PracticeSettings
from robolearn.progress import Progress
from robolearn.report import load_run, summarize, terminal_table, write_report

MOST_DEMOS = 25
BASE_SUCCESS = (0.15, 0.70)  # a base policy below cannot explore, one above leaves nothing to show
FINAL_SUCCESS = 0.95
ROBOT_MINUTES = 30.0


class Plan(NamedTuple):
    """What a task is given at most; fewer demonstrations and steps are as configured."""

    wall_s: float = 900.0
    demos: int = sys.maxsize
    robot_steps: int = sys.maxsize


PLAN_OF_TASK: Mapping[str, Plan] = {"lift_cube": Plan(wall_s=480.0, demos=6, robot_steps=13_000)}
EXPECTED_S: Mapping[str, float] = {
    "record": 20.0,
    "train base": 30.0,
    "train reward": 15.0,
    "eval base": 60.0,
    "practice": 400.0,
    "eval final": 50.0,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_job_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any] | int:
    """Do the stages that are not done yet, then report."""
    job = job_of(args)
    _tell_what_is_done(job)
    with Progress(EXPECTED_S) as progress:
        for name, stage in _stages(job, progress).items():
            if job.is_done(name):
                progress.skip(name)
            else:
                stage()
    result = _result(job)
    atomic.write_json(job.run.file("result.json"), result)
    page = write_report(job.run.path, result["bars"])
    if args.json:
        return {**result, "report": page}
    console = Console()
    console.print(terminal_table(summarize(load_run(job.run.path), result["bars"])))
    console.print(f"report: {page}")
    return OK if holds(result) else BAR_MISSED


def _tell_what_is_done(job: Job) -> None:
    """Figures of stages that were done before are those of the files and the program of then."""
    known = job.describe()
    if known["done"]:
        done = f"{', '.join(known['done'])} done already, and not again"
        say(f"{job.run.path} was begun at {known['started']}: {done}. Give another folder with --run to begin anew.")


def _stages(job: Job, progress: Progress) -> dict[str, Callable[[], object]]:
    """Every stage by its name, in order: each is a command of its own too."""
    config = job.config
    episodes = config.evaluation.episodes
    return {
        "record": lambda: record.work(job, progress, min(config.recording.demos, _plan(job).demos)),
        "train base": lambda: train_base.work(job, progress),
        "train reward": lambda: train_reward.work(job, progress),
        "eval base": lambda: evaluate.work(job, progress, "base", episodes),
        "practice": lambda: practice.work(job, progress, _practice(job), "onlooker"),
        "eval final": lambda: evaluate.work(job, progress, "final", episodes),
    }


def _practice(job: Job) -> PracticeSettings:
    settings = job.config.practice
    return replace(settings, robot_steps=min(settings.robot_steps, _plan(job).robot_steps))


def _plan(job: Job) -> Plan:
    return PLAN_OF_TASK.get(job.task.name, Plan())


def _result(job: Job) -> dict[str, Any]:
    figures = summarize(load_run(job.run.path), []).figures()

    def value(name: str) -> float:
        return float("nan") if figures[name] is None else float(figures[name])

    bars = [
        Bar("demos", value("demos"), MOST_DEMOS, "<="),
        *between("base_success", value("base_success"), *BASE_SUCCESS),
        Bar("final_success", value("final_success"), FINAL_SUCCESS, ">="),
        Bar("robot_minutes", value("robot_minutes"), ROBOT_MINUTES, "<="),
        Bar("wall_s", value("wall_s"), _plan(job).wall_s, "<="),
    ]
    return outcome(figures, bars)
