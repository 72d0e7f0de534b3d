"""The base policy: behaviour cloning with action chunks (Zhao et al. 2023), a deterministic MLP on cached features."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from robolearn.contracts import Action, Encoded, Float32
from robolearn.errors import BorderError
from robolearn.policies import files
from robolearn.policies.networks import Senses, mlp
from robolearn.policies.senses import stacked


@dataclass(frozen=True)
class ChunkShape:
    """Sizes of a chunk policy, and the tower whose features it reads."""

    tower: str
    cameras: tuple[str, ...]
    feature_dim: int
    proprio_dim: int
    readout_dim: int
    action_dim: int
    horizon: int  # actions in a chunk
    execute: int  # of which are carried out before the next chunk is chosen
    hidden: tuple[int, ...]
    dropout: float


class ChunkNetwork(nn.Module):
    """Observation to a chunk of actions (B, horizon, A) in [-1, 1]."""

    def __init__(self, shape: ChunkShape) -> None:
        super().__init__()
        self.shape = shape
        self.senses = Senses(len(shape.cameras), shape.feature_dim, shape.proprio_dim, shape.readout_dim)
        self.head = mlp(self.senses.dim, shape.hidden, shape.horizon * shape.action_dim, shape.dropout)

    def forward(self, features: Tensor, proprio: Tensor) -> Tensor:
        """Chunk for features (B, C, D) and proprioception (B, P)."""
        return self.decide(self.senses(features, proprio))

    def decide(self, seen: Tensor) -> Tensor:
        """Chunk for what the senses (B, senses.dim) make of an observation."""
        flat: Tensor = torch.tanh(self.head(seen))
        return flat.reshape(-1, self.shape.horizon, self.shape.action_dim)


class ChunkPolicy:
    """Implements ``Policy``: carries out part of a chunk, then chooses the next one."""

    def __init__(self, network: ChunkNetwork) -> None:
        self.network = network.eval().requires_grad_(False)
        self.shape = network.shape
        self._chunk: Float32 = np.zeros((0, self.shape.action_dim), np.float32)

    def reset(self) -> None:
        """Forget the present chunk."""
        self._chunk = self._chunk[:0]

    def act(self, encoded: Encoded) -> Action:
        """Next action of the chunk; a new chunk when enough of it has been carried out."""
        features, proprio = stacked(encoded, self.shape.cameras), encoded.proprio
        self._check(features[None], proprio[None])
        if not len(self._chunk):
            self._chunk = self._chunks(features[None], proprio[None])[0, : self.shape.execute]
        action, self._chunk = self._chunk[0], self._chunk[1:]
        return Action(action.copy())

    def propose(self, features: Float32, proprio: Float32) -> Float32:
        """What it would have proposed along an episode: (T, A) for features (T, C, D) and proprioception (T, P)."""
        self._check(features, proprio)
        every = self.shape.execute
        chunks = self._chunks(features[::every], proprio[::every])[:, :every]
        return chunks.reshape(-1, self.shape.action_dim)[: len(features)]

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and shape (JSON)."""
        files.save_network(folder, asdict(self.shape), self.network.state_dict())

    @staticmethod
    def load(folder: Path) -> ChunkPolicy:
        """Inverse of :meth:`save`. Raises ModelError if a file is missing or damaged."""
        meta, weights = files.load(folder, "base policy", "robolearn train base")
        shape = files.restored(ChunkShape, meta, folder)
        network = ChunkNetwork(shape)
        files.fill(network, weights, folder)
        return ChunkPolicy(network)

    def _chunks(self, features: Float32, proprio: Float32) -> Float32:
        with torch.inference_mode():
            chunks: Float32 = self.network(torch.from_numpy(features), torch.from_numpy(proprio)).numpy()
        return chunks

    def _check(self, features: Float32, proprio: Float32) -> None:
        shape = self.shape
        wanted = ((len(shape.cameras), shape.feature_dim), (shape.proprio_dim,))
        given = (features.shape[1:], proprio.shape[1:])
        if given != wanted:
            raise BorderError(f"base policy: expected features and proprioception of shapes {wanted}, got {given}")
        if not (np.isfinite(features).all() and np.isfinite(proprio).all()):
            raise BorderError("base policy: features or proprioception are not finite")
