"""The files of an episode that grows: the open chunk, the lengths of the arrays, and the record that commits
rows.

Data is written first and the record last, each file replaced in one step. The arrays are made longer ahead of
time, because to replace a file costs the disk a flush: until an episode has been closed, and after its writer
was killed, they are longer than the record's ``rows``, which alone says how many rows are there.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import Float32
from robolearn.episodes.chunks import (
    CHUNK_ROWS,
    chunk_path,
    encode_block,
    encode_shard,
    write_atomic,
)
from robolearn.episodes.layout import FEATURES, FLOATS, INTEGERS, Layout, rgb_array
from robolearn.episodes.record import Record, write_array
from robolearn.episodes.rows import Half

AHEAD_ROWS: Final = 1000  # first length of the arrays; doubled when it is reached


class PendingRow(NamedTuple):
    """A row on its way to the disk; its pictures are being compressed meanwhile."""

    floats: Float32
    integers: NDArray[np.int64]
    features: Half | None
    pictures: dict[str, Future[bytes]]
    clips: tuple[str, ...]
    due_s: float  # monotonic time by which it has to be committed


class Commits:
    """Writes rows to the files of one episode, for one thread. After an OSError it is not used again."""

    def __init__(self, path: Path, layout: Layout, record: Record) -> None:
        self.record = record
        self._path, self._layout = path, layout
        self._chunk: list[PendingRow] = []
        self._clips: dict[tuple[str, ...], int] = {names: index for index, names in enumerate(record.clips)}
        self._length = 0

    @property
    def due_s(self) -> float | None:
        """Monotonic time by which the oldest row that waits has to be committed; None if none waits."""
        waiting = self._chunk[self.record.rows % CHUNK_ROWS :]
        return waiting[0].due_s if waiting else None

    def add(self, row: PendingRow) -> None:
        """Take a row; commit if that fills the chunk."""
        row.integers[self._layout.integers["clips"]] = self._clips.setdefault(row.clips, len(self._clips))
        self._chunk.append(row)
        if len(self._chunk) == CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Commit the rows that wait."""
        self._write_chunk()
        self._commit({})

    def finish(self, changes: dict[str, Any] | None) -> None:
        """Commit the rows that wait, give the arrays their true length, and change the record."""
        self._write_chunk()
        self._set_length(self.record.rows - self.record.rows % CHUNK_ROWS + len(self._chunk))
        self._commit(changes or {})

    def _write_chunk(self) -> None:
        first = self.record.rows - self.record.rows % CHUNK_ROWS
        if not self._chunk or first + len(self._chunk) == self.record.rows:
            return
        if first + CHUNK_ROWS > self._length:
            self._set_length(max(AHEAD_ROWS, 2 * self._length))
        for name, parts in self._encoded().items():
            dimensions = len(self._layout.metadata[name]["shape"])
            write_atomic(chunk_path(self._path / name, first // CHUNK_ROWS, dimensions), parts)

    def _set_length(self, rows: int) -> None:
        for name, metadata in self._layout.metadata.items():
            write_array(self._path / name, metadata, rows)
        self._length = rows

    def _commit(self, changes: dict[str, Any]) -> None:
        rows = self.record.rows - self.record.rows % CHUNK_ROWS + len(self._chunk)
        record = replace(self.record, rows=rows, clips=tuple(self._clips), **changes)
        if record != self.record:
            record.write(self._path)
            self.record = record
        if len(self._chunk) == CHUNK_ROWS:
            self._chunk = []

    def _encoded(self) -> dict[str, list[bytes]]:
        """File content of each array for the open chunk."""
        chunk = self._chunk
        files = {
            FLOATS: encode_block(np.stack([row.floats for row in chunk])),
            INTEGERS: encode_block(np.stack([row.integers for row in chunk])),
        }
        features = [row.features for row in chunk if row.features is not None]
        if features:
            files[FEATURES] = encode_block(np.stack(features))
        for camera in chunk[0].pictures:
            files[rgb_array(camera)] = encode_shard([row.pictures[camera].result() for row in chunk])
        return files
