"""Sampling rate and memory of replay: batch 256, two cameras at 128 x 128, from cached features and from
pixels.

Both draw half of a batch from demos and half from practice, 3-step returns, into preallocated arrays. Pixels
get a random shift, now and next. The buffers are filled through a store, as a learner fills them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from robolearn.bench.episodes import bench_info, bench_rows, bench_schema
from robolearn.bench.rate import calls_per_second
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, ReplayBuffer, Source
from robolearn.episodes.pixels import PixelReplay

BATCH, STEPS, GAMMA = 256, 3, 0.97
SIDE = 128
EPISODE_ROWS = 513


def measure(seconds: float) -> dict[str, float]:
    """Batches per second, each over ``seconds`` [s], and bytes a transition, of features and of pixels."""
    features, pixels = filled_buffers()
    rng = np.random.default_rng(0)
    batch, pixel_batch = features.batch(BATCH), pixels.batch(BATCH)
    return {
        "batches_per_s": calls_per_second(lambda: features.sample(batch, STEPS, GAMMA, rng), seconds),
        "pixel_batches_per_s": calls_per_second(lambda: pixels.sample(pixel_batch, STEPS, GAMMA, rng), seconds),
        "bytes_per_transition": float(features.bytes_per_transition),
        "pixel_bytes_per_transition": float(pixels.bytes_per_transition),
    }


def filled_buffers() -> tuple[ReplayBuffer, PixelReplay]:
    """One demo and one episode of practice, as features and as pixels."""
    schema = bench_schema(SIDE, SIDE)
    features, pixels = ReplayBuffer(schema), PixelReplay(schema)
    with tempfile.TemporaryDirectory() as folder:
        store = EpisodeStore.create(Path(folder) / "store", schema)
        _record(store, EpisodeKind.DEMO, Source.DEMO)
        _record(store, EpisodeKind.PRACTICE, Source.POLICY)
        for news in store.tail()[0]:
            features.add(news)
            pixels.add(news)
    return features, pixels


def _record(store: EpisodeStore, kind: EpisodeKind, source: Source) -> None:
    with store.begin(bench_info(kind)) as writer:
        for row in bench_rows(store.schema, EPISODE_ROWS, source):
            writer.append(row)
        writer.end(Ending.TIMEOUT, label=False if kind is EpisodeKind.DEMO else None)
