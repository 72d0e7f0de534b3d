"""``robolearn record``: demonstrations, driven by a person through a teleoperation device."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import torch

from robolearn.autonomy.cell import Cell, is_lock_step, open_cell, store_schema
from robolearn.autonomy.homing import START_POSE
from robolearn.autonomy.recording import DemoSet, Recorder
from robolearn.backends import backend_of
from robolearn.cli.driving import STATION, Driving, add_driving_arguments, live
from robolearn.cli.job import FIRST, Job, add_backend_argument, add_job_arguments, job_of
from robolearn.episodes import EpisodeStore, StoreSchema
from robolearn.errors import ConfigError
from robolearn.progress import Progress, Stage
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

NAME = FIRST
AFTER = ("train base", "train reward", "eval base", "practice", "eval final")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, how many, and who drives."""
    add_job_arguments(parser)
    add_backend_argument(parser)
    parser.add_argument("--demos", type=int, help="demonstrations that the run is to hold (from the configuration)")
    add_driving_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record, and return what the store holds."""
    job, driving = job_of(args), Driving.of(args)
    count = job.config.recording.demos if args.demos is None else args.demos
    if count < 1:
        raise ConfigError(f"--demos must be at least 1, got {count}")
    with Progress({NAME: count * 1.0}) as progress:
        demos = work(job, progress, count, driving)
    return {
        "demos": demos.count,
        "successes": demos.successes,
        "cycle_time_s": demos.cycle_time_s,
        "store": job.run.store,
    }


def work(job: Job, progress: Progress, count: int, driving: Driving | None = None) -> DemoSet:
    """The stage; without ``driving`` by whoever the station's backend has. Raises ConfigError, DeviceError, StoreError.

    A store that holds some already is gone on with."""
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
        drive = _unwatched if driving is None else partial(_watched, driving=driving)
        demos = drive(job, cell, schema, stage, count)
    job.update(demos=demos.count, demo_cycle_time_s=demos.cycle_time_s)
    return demos


def _unwatched(job: Job, cell: Cell, schema: StoreSchema, stage: Stage, count: int) -> DemoSet:
    person = backend_of(job.station).person(cell.station.world, job.station)
    person.connect()
    try:
        store = EpisodeStore.open_or_create(job.run.store, schema)
        return Recorder(cell, person, store, job.seed, paced=False).record(count, partial(_tell, stage))
    finally:
        person.close()


def _watched(job: Job, cell: Cell, schema: StoreSchema, stage: Stage, count: int, driving: Driving) -> DemoSet:
    """A store is made once somebody can drive: until then the folder is nobody's."""
    with live(driving, cell.station, job.task, count, job.run.file(START_POSE)) as (person, session):
        store = EpisodeStore.open_or_create(job.run.store, schema)
        session.store = store.path
        paced = driving.teleop != STATION and is_lock_step(cell.station.clock)
        return Recorder(cell, person, store, job.seed, paced, session).record(count, partial(_tell, stage))


def _tell(stage: Stage, demos: DemoSet) -> None:
    stage.update(demos.count, f"{demos.successes} succeeded")
