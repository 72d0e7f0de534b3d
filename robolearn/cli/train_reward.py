"""``robolearn train reward``: the success classifier, fitted on the labelled demonstrations of a run."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from robolearn import atomic
from robolearn.bars import Bar, outcome
from robolearn.cli.job import Job, add_job_arguments, job_of, say
from robolearn.cli.output import plain
from robolearn.cli.recorded import features_of, recorded
from robolearn.episodes import EpisodeStore
from robolearn.episodes.demos import read_demos
from robolearn.progress import Progress
from robolearn.rewards.classifier import ClassifierShape
from robolearn.rewards.fitting import fit
from robolearn.rewards.quality import Quality
from robolearn.rewards.settings import RewardSettings
from robolearn.vision.tower import Tower

NAME = "train reward"
AFTER = ("practice", "eval final")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    add_job_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Fit, and return what the classifier is worth on demonstrations held out, and the bar of its false successes."""
    job = job_of(args)
    with Progress({NAME: 30.0}) as progress:
        quality = work(job, progress)
    figures = ("precision", "recall", "fpr", "abstain", "threshold_low", "threshold_high")
    result = {**{name: getattr(quality, name) for name in figures}, "reward": job.run.reward}
    return outcome(result, [_bar(quality, job.config.reward.read(RewardSettings))])


def work(job: Job, progress: Progress) -> Quality:
    """The stage; tells the person if its bar is missed.

    Raises StoreError if there is nothing to learn from, ModelError without a tower."""
    torch.set_num_threads(1)
    settings = job.config.reward.read(RewardSettings)
    store = recorded(job)
    tower = Tower.load(job.config.features.tower)
    shape = _shape(job, store, tower, settings)
    with job.stage(NAME, AFTER), progress.stage(NAME, total=settings.steps) as stage:
        fitted = fit(
            read_demos(store), shape, tower.encode_text([*shape.success_prompts, *shape.failure_prompts]), settings,
            job.seed, lambda step, loss: stage.update(step + 1, f"loss {loss:.3f}"),
        )  # fmt: skip
        fitted.classifier.save(job.run.reward)
        job.update(reward_version=shape.version)
        report = fitted.held_out._asdict()
        report["calibration"] = [entry._asdict() for entry in fitted.held_out.calibration]
        atomic.write_json(job.run.file("reward.json"), plain(report))
    fpr = fitted.held_out.fpr
    if not _bar(fitted.held_out, settings).ok:
        share = "an unknown share" if fpr is None else f"{fpr:.2%}"
        say(
            f"of the failing frames that were held out, the reward model takes {share} for successes; max_fpr allows "
            f"{settings.max_fpr:.2%}. Practice would learn from false successes: record more demonstrations, failures "
            "too, and train it again"
        )
    return fitted.held_out


def _bar(quality: Quality, settings: RewardSettings) -> Bar:
    """NaN, a bar missed, if no failing frame was held out: then nobody knows."""
    return Bar("fpr", float("nan") if quality.fpr is None else quality.fpr, settings.max_fpr, "<=")


def _shape(job: Job, store: EpisodeStore, tower: Tower, settings: RewardSettings) -> ClassifierShape:
    features = features_of(store, tower)
    return ClassifierShape(
        tower=tower.id,
        cameras=features.cameras,
        feature_dim=tower.dim,
        success_prompts=job.task.success_prompts,
        failure_prompts=job.task.failure_prompts,
        hidden=settings.hidden,
        dropout=settings.dropout,
        members=settings.members,
        temperature=1.0,
        success_above=0.5,
        failure_below=0.5,
        version=job.describe().get("reward_version", 0) + 1,
    )
