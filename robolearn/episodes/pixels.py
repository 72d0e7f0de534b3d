"""Replay of pictures: the other option, for learners that train their image encoder."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from robolearn.contracts import Float32, Image
from robolearn.episodes.kernels import Int64, gather_shifted
from robolearn.episodes.schema import StoreSchema
from robolearn.episodes.store import News
from robolearn.episodes.transitions import Grown, Transitions
from robolearn.errors import StoreError

PAD: Final = 4  # pixels of the largest shift


class PixelBatch(NamedTuple):
    """Preallocated arrays of B n-step transitions."""

    images: Image  # (B, cameras, H, W, 3), shifted at random
    next_images: Image  # (B, cameras, H, W, 3)
    proprio: Float32  # (B, P)
    next_proprio: Float32  # (B, P)
    action: Float32  # (B, A) as executed
    reward: Float32  # (B,) n-step sum
    discount: Float32  # (B,) gamma^k, or 0 if the episode terminated within the k steps
    row: Int64  # (B,)
    next_row: Int64  # (B,)


class PixelReplay(Transitions):
    """Transitions with their pictures in memory, uint8, each stored once."""

    def __init__(self, schema: StoreSchema) -> None:
        """Raises StoreError if the store keeps no pictures, or its cameras differ in resolution."""
        sizes = set(schema.cameras.values())
        if not schema.store_images or len(sizes) != 1:
            raise StoreError(f"pixel replay needs stored pictures of one size; the store has {dict(schema.cameras)}")
        super().__init__(schema, residual=False)
        self.images = Grown((len(schema.cameras), *sizes.pop(), 3), np.uint8)

    @property
    def bytes_per_transition(self) -> int:
        """Memory of one transition; the next observation is shared, not stored twice."""
        return self.row_bytes + self.images.row_bytes

    def add(self, news: News) -> None:
        """Take in rows from :meth:`EpisodeStore.tail`. Raises StoreError for damage or a wrong order."""
        if self.take_in(news):
            rows = range(news.first_row, news.first_row + len(news.columns.acted))
            pictures = [news.episode.pictures(camera, rows) for camera in self.schema.cameras]
            self.images.extend(np.stack(pictures, axis=1))

    def batch(self, size: int) -> PixelBatch:
        """Arrays for :meth:`sample` to fill."""
        images = (size, *self.images.rows.shape[1:])
        proprio, action = (size, self.schema.proprio_dim), (size, len(self.schema.action_names))
        return PixelBatch(
            images=np.zeros(images, np.uint8),
            next_images=np.zeros(images, np.uint8),
            proprio=np.zeros(proprio, np.float32),
            next_proprio=np.zeros(proprio, np.float32),
            action=np.zeros(action, np.float32),
            reward=np.zeros(size, np.float32),
            discount=np.zeros(size, np.float32),
            row=np.zeros(size, np.int64),
            next_row=np.zeros(size, np.int64),
        )

    def sample(
        self, batch: PixelBatch, n_step: int, gamma: float, rng: np.random.Generator, prior_share: float = 0.5
    ) -> None:
        """Fill ``batch`` with random transitions, as :meth:`ReplayBuffer.sample` does. Raises StoreError."""
        batch.row[:] = self.draw(len(batch.row), prior_share, rng)
        self.returns(batch.row, n_step, gamma, batch.next_row, batch.reward, batch.discount)
        for rows, out in ((batch.row, batch.images), (batch.next_row, batch.next_images)):
            shifts = rng.integers(0, 2 * PAD + 1, (len(rows), self.images.rows.shape[1], 2))
            gather_shifted(_lines(self.images.rows), rows, shifts, PAD, _lines(out))
        np.take(self.action.rows, batch.row, axis=0, out=batch.action)
        np.take(self.proprio.rows, batch.row, axis=0, out=batch.proprio)
        np.take(self.proprio.rows, batch.next_row, axis=0, out=batch.next_proprio)


def _lines(pictures: Image) -> Image:
    """Pictures (N, cameras, H, W, 3) as lines (N, cameras, H, 3 W), the same memory."""
    return pictures.reshape(*pictures.shape[:3], -1)
