"""One step of a policy as practice does it, for both sides of the comparison."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from robolearn.actions import ACTION_NAMES
from robolearn.autonomy.models import exploring_policy
from robolearn.contracts import Float32, Frame
from robolearn.learning.config import load_learning
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

CONFIG = "residual"


class Inference:
    """Encodes frames and lets a policy act on them; its networks have not learned anything, which costs the same."""

    def __init__(self, cameras: Sequence[str], proprio_dim: int) -> None:
        """Loads the tower."""
        torch.set_num_threads(1)
        config, names = load_learning(CONFIG), tuple(cameras)
        tower = Tower.load(config.features.tower)
        shape = ChunkShape(
            tower=tower.id, cameras=names, feature_dim=tower.dim, proprio_dim=proprio_dim,
            readout_dim=tower.readout(names).shape[2], action_dim=len(ACTION_NAMES), horizon=config.cloning.horizon,
            execute=1, hidden=config.cloning.hidden, dropout=0.0,
        )  # fmt: skip
        self._encoder = Encoder(tower, names, config.features.variants, seed=0)
        self._policy = exploring_policy(ChunkPolicy(ChunkNetwork(shape)), config.residual)
        self.took_ms: list[float] = []

    def __call__(self, frames: Mapping[str, Frame], proprio: Float32) -> Float32:
        """Action for these frames."""
        start_s = time.perf_counter()
        action = self._policy.act(self._encoder.encode(frames, proprio)).values
        self.took_ms.append(1e3 * (time.perf_counter() - start_s))
        return action

    def warm_up(self, height: int, width: int, proprio_dim: int) -> None:
        """Do it a few times, uncounted."""
        frames = {name: Frame(0, np.zeros((height, width, 3), np.uint8)) for name in self._encoder.cameras}
        for _ in range(5):
            self(frames, np.zeros(proprio_dim, np.float32))
        self.took_ms.clear()
