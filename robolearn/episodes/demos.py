"""Demonstrations as arrays, episode by episode, for cloning and for fitting rewards."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robolearn.contracts import Float32
from robolearn.episodes.reader import Episode
from robolearn.episodes.schema import EpisodeKind
from robolearn.episodes.store import EpisodeStore
from robolearn.errors import StoreError


class Demo(NamedTuple):
    """One demonstration: T + 1 observations, the last of which has no action."""

    id: str
    succeeded: bool  # as the person said
    features: Float32  # (T + 1, C, V, D)
    proprio: Float32  # (T + 1, P)
    actions: Float32  # (T, A) as executed


def read_demos(store: EpisodeStore) -> list[Demo]:
    """All judged demonstrations of a store. Raises StoreError if there is none, or none that succeeded."""
    demos = [
        _demo(episode)
        for episode in store.episodes()
        if episode.kind is EpisodeKind.DEMO and episode.judged and episode.rows > 1
    ]
    if not demos:
        raise StoreError("the store holds no demonstration. Record some with: robolearn record")
    if not any(demo.succeeded for demo in demos):
        raise StoreError(
            f"none of the {len(demos)} demonstrations is marked as a success, so there is nothing to imitate. "
            "Record more with: robolearn record, and press the success key when the task is done"
        )
    return demos


def _demo(episode: Episode) -> Demo:
    columns = episode.columns()
    if columns.features is None:
        raise StoreError(f"episode {episode.id} keeps no image features: record with an image tower")
    return Demo(
        id=episode.id,
        succeeded=bool(episode.record.label),
        features=columns.features.astype(np.float32),
        proprio=columns.proprio,
        actions=columns.executed[:-1],
    )
