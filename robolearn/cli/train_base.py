"""``robolearn train base``: the base policy, cloned from the demonstrations of a run."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from robolearn.cli.job import Job, add_job_arguments, job_of
from robolearn.cli.recorded import features_of, recorded
from robolearn.episodes import EpisodeKind, EpisodeStore
from robolearn.episodes.demos import read_demos
from robolearn.errors import StoreError
from robolearn.learning.cloning import clone
from robolearn.learning.shapes import chunk_shape
from robolearn.progress import Progress
from robolearn.vision.tower import Tower

NAME = "train base"
AFTER = ("eval base", "practice", "eval final")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_job_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train, and return how well the demonstrations are imitated."""
    job = job_of(args)
    with Progress({NAME: 60.0}) as progress:
        loss = work(job, progress)
    return {"loss": loss, "base": job.run.base}


def work(job: Job, progress: Progress) -> float:
    """The stage; returns the last loss. Raises StoreError if there is nothing to learn from, or not by this tower."""
    torch.set_num_threads(1)
    settings = job.config.cloning
    store = recorded(job)
    _check_unpractised(store)
    tower = Tower.load(job.config.features.tower)
    features_of(store, tower)
    losses = [float("nan")]
    with job.stage(NAME, AFTER), progress.stage(NAME, total=settings.steps) as stage:
        demos = read_demos(store)

        def report(step: int, loss: float) -> None:
            losses[0] = loss
            stage.update(step + 1, f"loss {loss:.3f}")

        readouts = tower.readout(tuple(job.station.cameras))
        shape = chunk_shape(store.schema, settings, readouts.shape[2])
        clone(demos, shape, readouts, settings, job.seed, report).save(job.run.base)
    return losses[0]


def _check_unpractised(store: EpisodeStore) -> None:
    """A residual belongs to the base policy that it was learned on."""
    if any(episode.kind is EpisodeKind.PRACTICE for episode in store.episodes()):
        raise StoreError(
            f"{store.path} holds practice on the base policy that is there: another base policy needs another run. "
            "Copy the demonstrations into a new folder, or record there."
        )
