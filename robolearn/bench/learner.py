"""Our side of ``bench learner``: full updates with sampling, batch 256, two cameras at 128 x 128.

From cached features, as the learner works; and from pixels, where every update shifts the pictures and runs
the frozen tower on them, now and next, as the peer runs its frozen encoder. A full update is one of the
critics and one of the actor, with the networks and hyperparameters of the shipped configuration.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from robolearn.bench.episodes import ACTION_NAMES, CAMERAS, FEATURE_DIM, STATE_DIM
from robolearn.bench.rate import calls_per_second
from robolearn.bench.replay import BATCH, filled_buffers
from robolearn.contracts import Float32, Image
from robolearn.episodes import Batch, ReplayBuffer
from robolearn.episodes.pixels import PixelBatch, PixelReplay
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.config import load_learning
from robolearn.learning.settings import ResidualSettings
from robolearn.learning.shapes import residual_shape
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from robolearn.vision.tower import Tower

CONFIG = "residual"
READOUT_DIM = 16  # as the shipped tower's


def measure(seconds: float) -> dict[str, float]:
    """Full updates per second, each over ``seconds`` [s], from features and from pixels.

    The first uses as many threads as the configuration gives the learner, the second all it may.
    """
    config = load_learning(CONFIG)
    settings = replace(config.residual, batch=BATCH, actor_every=1, critic_warmup=0)
    features, pixels = filled_buffers()
    pixel_rate = pixel_updates_per_s(pixels, Tower.load(config.features.tower), settings, seconds)
    torch.set_num_threads(config.learner.threads)
    return {
        "updates_per_s": updates_per_s(features, settings, seconds),
        "pixel_updates_per_s": pixel_rate,
        "critics": float(settings.critics),
    }


def updates_per_s(buffer: ReplayBuffer, settings: ResidualSettings, seconds: float) -> float:
    """Rate [1/s] of sampling cached features and updating critics and actor."""
    agent, batch, rng = _agent(FEATURE_DIM, settings), buffer.batch(BATCH), np.random.default_rng(0)

    def update() -> None:
        buffer.sample(batch, settings.n_step, settings.discount, rng, settings.prior_share)
        agent.update(batch)

    return calls_per_second(update, seconds)


def pixel_updates_per_s(buffer: PixelReplay, tower: Tower, settings: ResidualSettings, seconds: float) -> float:
    """Rate [1/s] of sampling shifted pictures, encoding them, and updating critics and actor."""
    agent, batch, rng = _agent(tower.dim, settings), buffer.batch(BATCH), np.random.default_rng(0)

    def update() -> None:
        buffer.sample(batch, settings.n_step, settings.discount, rng, settings.prior_share)
        agent.update(_encoded(batch, tower))

    return calls_per_second(update, seconds)


def _agent(feature_dim: int, settings: ResidualSettings) -> ResidualAgent:
    cloning = load_learning(CONFIG).cloning
    base = ChunkShape(
        tower="", cameras=CAMERAS, feature_dim=feature_dim, proprio_dim=STATE_DIM,
        readout_dim=READOUT_DIM, action_dim=len(ACTION_NAMES),
        horizon=cloning.horizon, execute=cloning.execute, hidden=cloning.hidden, dropout=0.0,
    )  # fmt: skip
    return ResidualAgent(residual_shape(base, settings), ChunkPolicy(ChunkNetwork(base)), settings, seed=0)


def _encoded(batch: PixelBatch, tower: Tower) -> Batch:
    """The batch as features of its pictures; the base policy is not part of the measurement and says zero."""
    still = np.zeros_like(batch.action)
    return Batch(
        features=_features(batch.images, tower),
        proprio=batch.proprio,
        base_action=still,
        action=batch.action,
        reward=batch.reward,
        discount=batch.discount,
        next_features=_features(batch.next_images, tower),
        next_proprio=batch.next_proprio,
        next_base_action=still,
        row=batch.row,
        next_row=batch.next_row,
    )


def _features(images: Image, tower: Tower) -> Float32:
    """Features (B, cameras, dim) of pictures (B, cameras, H, W, 3)."""
    flat = list(images.reshape(-1, *images.shape[2:]))
    return tower.encode(flat).reshape(*images.shape[:2], tower.dim)
