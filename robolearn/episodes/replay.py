"""Replay of cached image features: the buffer that learners draw from when the image tower is frozen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robolearn.contracts import Float32
from robolearn.episodes.kernels import Int64, as_bits, gather_halves
from robolearn.episodes.schema import StoreSchema
from robolearn.episodes.store import News
from robolearn.episodes.transitions import Grown, Transitions
from robolearn.errors import StoreError


class Batch(NamedTuple):
    """Preallocated arrays of B n-step transitions."""

    features: Float32  # (B, cameras, D) of a random variant
    proprio: Float32  # (B, P)
    base_action: Float32  # (B, A)
    action: Float32  # (B, A) as executed
    reward: Float32  # (B,) n-step sum
    discount: Float32  # (B,) gamma^k, or 0 if the episode terminated within the k steps
    next_features: Float32  # (B, cameras, D)
    next_proprio: Float32  # (B, P)
    next_base_action: Float32  # (B, A)
    row: Int64  # (B,) where the transitions start in the buffer
    next_row: Int64  # (B,) where they end


class ReplayBuffer(Transitions):
    """Transitions with their features in memory, float16; fed by what a store's tail brings."""

    def __init__(self, schema: StoreSchema, residual: bool = True) -> None:
        """Raises StoreError if the store keeps no features. ``residual``: see :class:`Transitions`."""
        if schema.features is None:
            raise StoreError(f"the store of {schema.task!r} keeps no features: record with an image tower")
        spec = schema.features
        super().__init__(schema, residual)
        self.features = Grown((len(spec.cameras), spec.variants, spec.dim), np.float16)

    @property
    def bytes_per_transition(self) -> int:
        """Memory of one transition; the next observation is shared, not stored twice."""
        return self.row_bytes + self.features.row_bytes

    def add(self, news: News) -> None:
        """Take in rows from :meth:`EpisodeStore.tail`. Raises StoreError if they came out of order."""
        if news.columns.features is None:
            raise StoreError("tail the store with features")
        if self.take_in(news):
            self.features.extend(news.columns.features)

    def batch(self, size: int) -> Batch:
        """Arrays for :meth:`sample` to fill."""
        cameras, _, dim = self.features.rows.shape[1:]
        proprio, action = self.schema.proprio_dim, len(self.schema.action_names)

        def floats(*shape: int) -> Float32:
            return np.zeros((size, *shape), np.float32)

        return Batch(
            features=floats(cameras, dim),
            proprio=floats(proprio),
            base_action=floats(action),
            action=floats(action),
            reward=floats(),
            discount=floats(),
            next_features=floats(cameras, dim),
            next_proprio=floats(proprio),
            next_base_action=floats(action),
            row=np.zeros(size, np.int64),
            next_row=np.zeros(size, np.int64),
        )

    def sample(
        self, batch: Batch, n_step: int, gamma: float, rng: np.random.Generator, prior_share: float = 0.5
    ) -> None:
        """Fill ``batch`` with random transitions, ``prior_share`` of them demos and interventions.

        Raises StoreError if there is no transition yet, or base actions are missing.
        """
        batch.row[:] = self.draw(len(batch.row), prior_share, rng)
        self.returns(batch.row, n_step, gamma, batch.next_row, batch.reward, batch.discount)
        self._gather(batch.row, batch.features, rng)
        self._gather(batch.next_row, batch.next_features, rng)
        np.take(self.action.rows, batch.row, axis=0, out=batch.action)
        for column, now, after in (
            (self.proprio, batch.proprio, batch.next_proprio),
            (self.base_action, batch.base_action, batch.next_base_action),
        ):
            np.take(column.rows, batch.row, axis=0, out=now)
            np.take(column.rows, batch.next_row, axis=0, out=after)

    def _gather(self, rows: Int64, out: Float32, rng: np.random.Generator) -> None:
        """Features of ``rows``, a variant drawn for each picture."""
        halves = self.features.rows
        variants = rng.integers(0, halves.shape[2], (len(rows), halves.shape[1]))
        gather_halves(as_bits(halves, np.uint16), rows, variants, as_bits(out, np.uint32), out)
