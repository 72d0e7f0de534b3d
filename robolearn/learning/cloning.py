"""Behaviour cloning of the base policy from successful demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from robolearn.contracts import Float32
from robolearn.episodes.demos import Demo
from robolearn.learning.settings import CloningSettings
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape

FEATURE_STD_FLOOR, PROPRIO_STD_FLOOR = 1e-3, 1e-2


class _Samples(NamedTuple):
    """N observations with the chunk that followed each."""

    features: Tensor  # (N, C, V, D)
    proprio: Tensor  # (N, P)
    chunks: Tensor  # (N, H, A)
    present: Tensor  # (N, H) 1 where the demonstration went on, 0 beyond its end


def clone(
    demos: Sequence[Demo],
    shape: ChunkShape,
    readouts: Float32,
    settings: CloningSettings,
    seed: int,
    report: Callable[[int, float], None],
) -> ChunkPolicy:
    """A policy of ``shape`` that imitates the successful ones of ``demos``; ``report`` gets step and loss.

    It sees features through the tower's ``readouts`` (C, D, K), and is the running mean of the weights in training."""
    torch.manual_seed(seed)
    samples = _samples([demo for demo in demos if demo.succeeded], shape.horizon)
    network = ChunkNetwork(shape)
    senses = network.senses
    senses.readout.copy_(torch.from_numpy(readouts))
    senses.features.fit(senses.read(samples.features[:, :, 0]), FEATURE_STD_FLOOR)
    senses.proprio.fit(samples.proprio, PROPRIO_STD_FLOOR)
    return ChunkPolicy(_fit(network, samples, settings, np.random.default_rng(seed), report))


def _fit(
    network: ChunkNetwork, samples: _Samples, settings: CloningSettings, rng: np.random.Generator,
    report: Callable[[int, float], None],
) -> ChunkNetwork:  # fmt: skip
    """The running mean of ``network`` over its training."""
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.steps)
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.mean_decay))  # type: ignore[no-untyped-call]
    count, cameras, variants = samples.features.shape[:3]
    network.train()
    for step in range(settings.steps):
        rows = torch.from_numpy(rng.integers(0, count, settings.batch))
        seen = torch.from_numpy(rng.integers(0, variants, (settings.batch, cameras)))
        features = samples.features[rows[:, None], torch.arange(cameras), seen]
        sensed = network.senses(features, samples.proprio[rows])
        blurred = sensed + settings.input_noise * torch.randn_like(sensed)
        error = (network.decide(blurred) - samples.chunks[rows]).abs().mean(2)
        loss = (error * samples.present[rows]).sum() / samples.present[rows].sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        mean.update_parameters(network)
        report(step, loss.item())
    return cast(ChunkNetwork, mean.module.eval())


def _samples(demos: Sequence[Demo], horizon: int) -> _Samples:
    chunks, present = zip(*(_chunks(demo.actions, horizon) for demo in demos), strict=True)
    return _Samples(
        features=torch.from_numpy(np.concatenate([demo.features[:-1] for demo in demos])),
        proprio=torch.from_numpy(np.concatenate([demo.proprio[:-1] for demo in demos])),
        chunks=torch.from_numpy(np.concatenate(chunks)),
        present=torch.from_numpy(np.concatenate(present)),
    )


def _chunks(actions: Float32, horizon: int) -> tuple[Float32, Float32]:
    """The ``horizon`` actions from each tick on (T, H, A), and where there are that many (T, H)."""
    ticks = np.arange(len(actions))[:, None] + np.arange(horizon)
    present = (ticks < len(actions)).astype(np.float32)
    return actions[np.minimum(ticks, len(actions) - 1)], present
