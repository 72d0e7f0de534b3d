"""The episode store: the only link from actor to learner, and the one format for demos, interventions and
practice.

A store is a folder, a zarr v3 group, with one group per episode under ``episodes``. Any number of processes
may record into it, each its own episodes, while others read. The writer of an episode holds a lock (flock) on
its folder; when it is gone without having ended the episode, readers see the committed rows with the ending
STOPPED.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from robolearn.episodes.layout import Layout, layout_of
from robolearn.episodes.reader import Columns, Episode
from robolearn.episodes.record import ZARR_JSON, Record, read_group, read_record, write_array, write_group
from robolearn.episodes.schema import FORMAT_VERSION, EpisodeInfo, StoreSchema
from robolearn.episodes.writer import EpisodeWriter
from robolearn.errors import StoreError, unknown
from robolearn.locks import is_let_go

EPISODES = "episodes"
NEWBORN = ".new-"  # prefix of a folder whose metadata is not complete yet


@dataclass(frozen=True)
class Cursor:
    """How far a reader has come: rows seen of each episode, and the episodes seen to their end."""

    rows: Mapping[str, int] = field(default_factory=dict)
    done: frozenset[str] = frozenset()


class News(NamedTuple):
    """New rows of one episode; ``episode.ending`` is set once these are its last."""

    episode: Episode
    first_row: int
    columns: Columns


class EpisodeStore:
    """A folder of episodes that share a schema."""

    def __init__(self, path: Path, schema: StoreSchema) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path, self.schema = path, schema
        self.layout: Layout = layout_of(schema)

    @staticmethod
    def create(path: Path, schema: StoreSchema) -> EpisodeStore:
        """Make an empty store.

        Raises StoreError if there is something at ``path`` already, or no way to write.
        """
        if (path / ZARR_JSON).exists():
            raise StoreError(f"{path} holds a store already: open it, or choose another folder")
        try:
            (path / EPISODES).mkdir(parents=True, exist_ok=True)
            write_group(path / EPISODES, {})
            write_group(path, {"format": FORMAT_VERSION, "schema": schema.to_json()})
        except OSError as error:
            raise StoreError(f"cannot make a store at {path}: {error.strerror}") from error
        return EpisodeStore(path, schema)

    @staticmethod
    def open(path: Path, expected: StoreSchema | None = None) -> EpisodeStore:
        """Open a store, to read or to record. Raises StoreError if there is none, it is of a newer version of
        robolearn, or its schema differs from ``expected``."""
        if not (path / ZARR_JSON).exists():
            raise StoreError(
                f"there is no episode store at {path}. Record one with: robolearn record --run {path.parent}"
            )
        content = read_group(path)
        version = content.get("format")
        if version != FORMAT_VERSION:
            raise StoreError(f"{path} has format {version}; this robolearn reads format {FORMAT_VERSION}: upgrade it")
        schema = StoreSchema.from_json(content["schema"])
        differences = schema.differences(expected) if expected else []
        if differences:
            raise StoreError(
                f"the store at {path} holds something else than asked for: {'; '.join(differences)}. "
                "Choose another folder, or the task, station and image tower that it was recorded with."
            )
        return EpisodeStore(path, schema)

    @staticmethod
    def open_or_create(path: Path, schema: StoreSchema) -> EpisodeStore:
        """Open the store at ``path`` if its schema is this one, or make it. Raises StoreError."""
        exists = (path / ZARR_JSON).exists()
        return EpisodeStore.open(path, schema) if exists else EpisodeStore.create(path, schema)

    def begin(self, info: EpisodeInfo) -> EpisodeWriter:
        """Start an episode; it is visible to readers from now on. Raises StoreError if the disk refuses."""
        started = datetime.now(UTC)
        name = f"{started:%Y%m%dT%H%M%S.%fZ}-{info.kind.value}-{secrets.token_hex(2)}"
        record = Record(id=name, info=info.to_json(), started=started.isoformat())
        folder = self.path / EPISODES
        newborn = folder / f"{NEWBORN}{name}"
        try:
            lock = self._furnish(newborn, record)
            newborn.rename(folder / name)
        except OSError as error:
            shutil.rmtree(newborn, ignore_errors=True)
            raise StoreError(f"cannot begin an episode in {self.path}: {error.strerror}") from error
        return EpisodeWriter(folder / name, self.schema, self.layout, record, lock)

    def ids(self) -> list[str]:
        """Names of all episodes, oldest first."""
        names = [entry.name for entry in (self.path / EPISODES).iterdir()]
        return sorted(name for name in names if not name.startswith(".") and name != ZARR_JSON)

    def episode(self, name: str) -> Episode:
        """One episode as it is now.

        Raises StoreError if there is none of that name, or its record is damaged.
        """
        path = self.path / EPISODES / name
        if not path.is_dir():
            raise StoreError(unknown("episode", name, self.ids()[-20:]))
        record = read_record(path)
        if not record.ended and is_let_go(path):
            final = read_record(path)  # it may have ended between the two looks
            record = final if final.ended else final.recover()
        return Episode(path, self.schema, self.layout, record)

    def episodes(self) -> list[Episode]:
        """All episodes as they are now, oldest first. Raises StoreError if a record is damaged."""
        return [self.episode(name) for name in self.ids()]

    def tail(self, cursor: Cursor | None = None, features: bool = True) -> tuple[list[News], Cursor]:
        """Rows committed since ``cursor`` (None: all), per episode, oldest first, and the cursor to pass next
        time.

        An episode that ends without a new row appears once more with zero rows. Costs a folder listing and
        one small file for each episode that is still open. Raises StoreError for a damaged chunk or record.
        """
        seen = cursor or Cursor()
        rows, done, news = dict(seen.rows), set(seen.done), []
        for name in self.ids():
            if name in done:
                continue
            episode = self.episode(name)
            first = rows.get(name, 0)
            if episode.rows > first or episode.ending:
                news.append(News(episode, first, episode.columns(first, features=features)))
                rows[name] = episode.rows
            if episode.ending:
                done.add(name)
        return news, Cursor(rows, frozenset(done))

    def _furnish(self, folder: Path, record: Record) -> int:
        """Make the folder of an episode without rows, and return the descriptor that holds its lock."""
        folder.mkdir()
        for name, metadata in self.layout.metadata.items():
            (folder / name).mkdir()
            write_array(folder / name, metadata, 0)
        record.write(folder)
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
