"""``robolearn record``: demonstrations, driven by a person through a teleoperation device."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from drivers.keyboard import HELP, Keyboard
from robolearn.autonomy.cell import open_cell, store_schema
from robolearn.autonomy.recording import DemoSet, Recorder
from robolearn.backends import backend_of
from robolearn.cli.job import Job, add_backend_argument, add_job_arguments, job_of, say
from robolearn.contracts import Teleop
from robolearn.episodes import EpisodeStore
from robolearn.errors import ConfigError, unknown
from robolearn.progress import Progress
from robolearn.station import Station
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

NAME = "record"
AFTER = ("train base", "train reward", "eval base", "practice", "eval final")
TELEOPS = ("scripted", "keyboard")
OPEN_GRIPPER = 0.9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, how many, and who drives."""
    add_job_arguments(parser)
    add_backend_argument(parser)
    parser.add_argument("--demos", type=int, help="demonstrations that the run is to hold (from the configuration)")
    parser.add_argument("--teleop", default="scripted", help="who drives: " + " or ".join(TELEOPS))


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record, and return what the store holds."""
    job = job_of(args)
    count = job.config.recording.demos if args.demos is None else args.demos
    if count < 1:
        raise ConfigError(f"--demos must be at least 1, got {count}")
    with Progress({NAME: count * 1.0}) as progress:
        demos = work(job, progress, count, args.teleop)
    return {
        "demos": demos.count,
        "successes": demos.successes,
        "cycle_time_s": demos.cycle_time_s,
        "store": job.run.store,
    }


def work(job: Job, progress: Progress, count: int, teleop: str) -> DemoSet:
    """The stage. Raises ConfigError, DeviceError and StoreError."""
    torch.set_num_threads(1)
    features = job.config.features
    encoder = Encoder(Tower.load(features.tower), tuple(job.station.cameras), features.variants, job.seed)
    with (
        job.stage(NAME, AFTER),
        job.run.alone("actor"),
        open_cell(job.station, job.task, encoder) as cell,
        progress.stage(NAME, total=count) as stage,
    ):
        schema = store_schema(cell.station, job.task, encoder, job.config.recording.store_images)
        store = EpisodeStore.open_or_create(job.run.store, schema)
        person = _person(teleop, job, cell.station)
        person.connect()
        try:
            recorder = Recorder(cell, person, store, job.seed, paced=teleop == "keyboard")
            demos = recorder.record(count, lambda so_far: stage.update(so_far.count, f"{so_far.successes} succeeded"))
        finally:
            person.close()
    job.update(demos=demos.count, demo_cycle_time_s=demos.cycle_time_s)
    return demos


def _person(name: str, job: Job, station: Station) -> Teleop:
    if name not in TELEOPS:
        raise ConfigError(unknown("teleoperation device", name, TELEOPS))
    if name == "keyboard":
        say(HELP)
        return Keyboard(station.clock, OPEN_GRIPPER)
    return backend_of(job.station).person(station.world, job.station)
