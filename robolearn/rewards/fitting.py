"""Fit the success classifier on the frames of demonstrations, and calibrate it on demonstrations held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from robolearn.contracts import Float32
from robolearn.episodes.demos import Demo
from robolearn.errors import StoreError
from robolearn.rewards.classifier import ClassifierShape, SuccessClassifier, SuccessHead
from robolearn.rewards.quality import Quality, calibrate_temperature, choose_thresholds, quality
from robolearn.rewards.settings import RewardSettings


class Frames(NamedTuple):
    """N labelled frames."""

    features: Float32  # (N, C, V, D)
    success: NDArray[np.bool_]  # (N,)


class Fitted(NamedTuple):
    """A classifier and what it is worth on the held-out demonstrations."""

    classifier: SuccessClassifier
    held_out: Quality


def label_frames(demos: Sequence[Demo], settings: RewardSettings) -> Frames:
    """Frames of demonstrations: the last ones of a success show success, those just before are left out."""
    features, success = [], []
    for demo in demos:
        shown = min(settings.success_frames, len(demo.features)) if demo.succeeded else 0
        unsure = settings.unsure_frames if demo.succeeded else 0
        failing = max(0, len(demo.features) - shown - unsure)
        features += [demo.features[:failing], demo.features[len(demo.features) - shown :]]
        success += [np.zeros(failing, bool), np.ones(shown, bool)]
    return Frames(np.concatenate(features), np.concatenate(success))


def fit(
    demos: Sequence[Demo], shape: ClassifierShape, prompts: Float32, settings: RewardSettings, seed: int,
    report: Callable[[int, float], None],
) -> Fitted:  # fmt: skip
    """A calibrated classifier; ``prompts`` (S + F, D) are the text features of the shape's sentences.

    Raises StoreError if there are too few successful demonstrations to hold one out, or no failing frame to learn from.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    taught, held_out = _split(demos, settings.held_out_share, rng)
    frames, audit = label_frames(taught, settings), label_frames(held_out, settings)
    if frames.success.all():
        raise StoreError(
            f"the demonstrations show nothing but success: all are shorter than the {settings.success_frames} frames "
            f"of it and the {settings.unsure_frames} before. Record longer ones, or failures, with: robolearn record"
        )
    head = SuccessHead(shape, torch.from_numpy(prompts))
    _fit_head(head, frames, settings, rng, report)
    raw = SuccessClassifier(replace(shape, temperature=1.0), head)
    pictures = audit.features[:, :, 0]
    temperature = calibrate_temperature(raw.probabilities(pictures), audit.success)
    scaled = SuccessClassifier(replace(shape, temperature=temperature), head)
    told = scaled.probabilities(pictures)
    negatives = np.concatenate([scaled.probabilities(frames.features[~frames.success][:, :, 0]), told[~audit.success]])
    above, below = choose_thresholds(negatives, told[audit.success], settings.max_fpr)
    final = SuccessClassifier(replace(scaled.shape, success_above=above, failure_below=below), head)
    return Fitted(final, quality(told, audit.success, above, below))


def _split(demos: Sequence[Demo], share: float, rng: np.random.Generator) -> tuple[list[Demo], list[Demo]]:
    """Whole episodes apart, since neighbouring frames are alike; both sides get successes."""
    successes = [demo for demo in demos if demo.succeeded]
    if len(successes) < 2:
        raise StoreError(
            f"only {len(successes)} demonstration succeeded: one more is needed to hold out. "
            "Record more with: robolearn record"
        )
    order = rng.permutation(len(successes))
    count = max(1, round(len(successes) * share))
    failures = [demo for demo in demos if not demo.succeeded]
    kept = round(len(failures) * share)
    held_out = [successes[int(index)] for index in order[:count]] + failures[:kept]
    return [successes[int(index)] for index in order[count:]] + failures[kept:], held_out


def _fit_head(
    head: SuccessHead, frames: Frames, settings: RewardSettings, rng: np.random.Generator,
    report: Callable[[int, float], None],
) -> None:  # fmt: skip
    """Balanced batches, as there are many more failing frames; each member starts from its own weights."""
    optimiser = torch.optim.AdamW(head.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    pools = np.flatnonzero(frames.success), np.flatnonzero(~frames.success)
    target = torch.cat([torch.ones(settings.batch // 2), torch.zeros(settings.batch // 2)])
    head.train()
    for step in range(settings.steps):
        rows = np.concatenate([rng.choice(pool, settings.batch // 2) for pool in pools])
        logits = head(_variants(frames.features, rows, rng))
        loss = functional.binary_cross_entropy_with_logits(logits, target.expand_as(logits))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        report(step, loss.item())
    head.eval()


def _variants(features: Float32, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
    """Features (B, C, D) of ``rows``, a variant drawn for each picture."""
    cameras, variants = features.shape[1:3]
    drawn = rng.integers(0, variants, (len(rows), cameras))
    return torch.from_numpy(features[rows[:, None], np.arange(cameras), drawn])
