"""Verification of a store: every record and every checksum, episode by episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from robolearn.contracts import Ending
from robolearn.episodes.chunks import CHUNK_ROWS
from robolearn.episodes.reader import Episode
from robolearn.episodes.schema import EpisodeKind
from robolearn.episodes.store import EpisodeStore
from robolearn.errors import StoreError


@dataclass(frozen=True)
class Report:
    """What was found in one episode; it is sound if there are no ``problems``."""

    id: str
    kind: EpisodeKind | None  # None if not even its record can be read
    rows: int
    ending: Ending | None  # None while it is being written
    recovered: bool  # its writer was killed; the committed rows count
    problems: tuple[str, ...]


def check_store(path: Path) -> list[Report]:
    """Read all that the episodes of a store have committed, and report on each, oldest first.

    Raises StoreError if the store itself cannot be opened.
    """
    store = EpisodeStore.open(path)
    return [_check_episode(store, name) for name in store.ids()]


def _check_episode(store: EpisodeStore, name: str) -> Report:
    try:
        episode = store.episode(name)
    except StoreError as error:
        return Report(name, None, 0, None, False, (str(error),))
    problems = tuple(str(error) for error in map(_failure, _reads(episode)) if error)
    return Report(name, episode.kind, episode.rows, episode.ending, episode.record.recovered, problems)


def _reads(episode: Episode) -> Iterator[Callable[[], object]]:
    """Everything that can be read of an episode, a chunk at a time."""
    cameras = episode.schema.cameras if episode.schema.store_images else {}
    for start in range(0, episode.rows, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, episode.rows)
        yield partial(episode.columns, start, stop)
        yield from (partial(episode.pictures, camera, range(start, stop)) for camera in cameras)


def _failure(read: Callable[[], object]) -> StoreError | None:
    try:
        read()
    except StoreError as error:
        return error
    return None
