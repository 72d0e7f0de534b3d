"""Recording of one episode: rows go through a bounded queue to a thread that compresses, writes and commits
them.

Every row is committed within FLUSH_S of :meth:`EpisodeWriter.append`, or sooner when CHUNK_ROWS have come
together, so a process killed at any instant loses less than a second. Within a flush the data is written
first, then the lengths of the arrays, then the record of the episode, each file replaced in one step. A power
cut can take what the kernel had not written yet; the checksums show it.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np

from robolearn.contracts import Ending
from robolearn.episodes.chunks import (
    CHUNK_ROWS,
    chunk_path,
    encode_block,
    encode_picture,
    encode_shard,
    write_atomic,
)
from robolearn.episodes.layout import FEATURES, FLOATS, INTEGERS, Layout, rgb_array
from robolearn.episodes.record import Record, write_array
from robolearn.episodes.rows import Half, Packed, Row, pack
from robolearn.episodes.schema import StoreSchema
from robolearn.errors import BorderError, StoreError

FLUSH_S: Final = 0.5
QUEUE_ROWS: Final = 32  # bounds memory: two 640x480 cameras take 59 MB
ENCODERS: Final = 2


class _Queued(NamedTuple):
    """A row on its way to the disk; its pictures are being compressed meanwhile."""

    floats: np.ndarray[Any, np.dtype[np.float32]]
    integers: np.ndarray[Any, np.dtype[np.int64]]
    features: Half | None
    pictures: dict[str, Future[bytes]]
    clips: tuple[str, ...]
    due_s: float


class _End(NamedTuple):
    """The last thing in the queue; without an ending the episode stays as if the writer had been killed."""

    changes: dict[str, Any] | None


class EpisodeWriter:
    """Appends rows to one episode; made by :meth:`EpisodeStore.begin`.

    Use it as a context manager, or call close.
    """

    def __init__(self, path: Path, schema: StoreSchema, layout: Layout, record: Record, lock: int) -> None:
        self._path, self._schema, self._layout, self._record, self._lock = path, schema, layout, record, lock
        self._queue: queue.Queue[_Queued | _End] = queue.Queue(QUEUE_ROWS)
        self._chunk: list[_Queued] = []
        self._clips: dict[tuple[str, ...], int] = {names: index for index, names in enumerate(record.clips)}
        self._appended = self._newest_ns = 0
        self._open, self._based = True, False
        self._error: OSError | None = None
        self._encoders = ThreadPoolExecutor(ENCODERS, thread_name_prefix="encode")
        self._thread = threading.Thread(target=self._run, name=f"write {record.id}", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        """Name of the episode in its store."""
        return self._record.id

    @property
    def rows(self) -> int:
        """Rows appended so far."""
        return self._appended

    @property
    def committed(self) -> int:
        """Rows that a kill at this instant would leave."""
        return self._record.rows

    def append(self, row: Row) -> None:
        """Add a tick; its arrays are copied. Blocks while the disk is behind by QUEUE_ROWS.

        Raises BorderError for NaN, a wrong shape, a stamp that goes back, a row without a step, or a base
        action that other rows do not have; StoreError if the disk is full.
        """
        if row.step is None:
            raise BorderError("a row without a step is the last of its episode: hand it to end()")
        if self._appended and (row.base_action is not None) != self._based:
            raise BorderError("either all rows of an episode have a base action, or none")
        self._based = row.base_action is not None
        self._append(row)

    def end(
        self,
        ending: Ending,
        last: Row | None = None,
        label: bool | None = None,
        ground_truth: bool | None = None,
    ) -> None:
        """Append the final observation if given, commit everything, and close.

        Without ``last`` the newest row becomes the final observation, and its step does not count. Raises
        BorderError if ``last`` has a step, or lacks the base action that the other rows have although the
        episode is cut short, not terminated (a learner bootstraps from it); StoreError if the disk is full.
        """
        if last and last.step:
            raise BorderError("the last row holds the final observation alone, not a step")
        if last and self._based and last.base_action is None and not ending.terminated:
            raise BorderError(f"the last row of an episode that ends by {ending.value} needs its base action")
        if last:
            self._append(last)
        self._check_open()
        self._stop({"ended": True, "ending": ending, "label": label, "ground_truth": ground_truth})
        self._check_error()

    def close(self) -> None:
        """Commit what was appended and let go; may be called twice.

        Without :meth:`end` the episode then counts as stopped. Raises StoreError if the disk is full.
        """
        if self._open:
            self._stop(None)
            self._check_error()

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, row: Row) -> None:
        self._check_open()
        if row.stamp_ns < self._newest_ns:
            raise BorderError(
                f"stamp {row.stamp_ns} ns is before that of the row before, {self._newest_ns} ns"
            )
        queued = self._queued(pack(row, self._schema))
        self._newest_ns = row.stamp_ns
        self._put(queued)
        self._appended += 1

    def _check_open(self) -> None:
        self._check_error()
        if not self._open:
            raise StoreError(f"episode {self.id} has ended; begin a new one")

    def _check_error(self) -> None:
        error = self._error
        if error is None:
            return
        self._stop(None)
        why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "the disk refuses"
        raise StoreError(
            f"recording stopped: {why} ({error}). Episode {self.id} is intact up to row {self.committed}; "
            f"make room on the disk of {self._path.parent.parent} and begin a new one."
        ) from error

    def _queued(self, packed: Packed) -> _Queued:
        floats = np.empty(self._layout.float_width, np.float32)
        integers = np.zeros(self._layout.integer_width, np.int64)
        for name, part in self._layout.floats.items():
            floats[part] = packed.floats[name]
        for name, value in packed.integers.items():
            integers[self._layout.integers[name]] = value
        pictures = {
            name: self._encoders.submit(encode_picture, image) for name, image in packed.images.items()
        }
        return _Queued(floats, integers, packed.features, pictures, packed.clips, time.monotonic() + FLUSH_S)

    def _put(self, item: _Queued | _End) -> None:
        """Hand over to the thread, which takes until it is told to end, even after an error."""
        while self._thread.is_alive():
            try:
                return self._queue.put(item, timeout=FLUSH_S)
            except queue.Full:
                continue
        raise StoreError(f"the thread that writes episode {self.id} has died; its traceback is on stderr")

    def _stop(self, changes: dict[str, Any] | None) -> None:
        if self._open:
            self._open = False
            self._put(_End(changes))
            self._thread.join()
            self._encoders.shutdown()
            os.close(self._lock)

    def _run(self) -> None:
        while True:
            item = self._next()
            try:
                self._take(item)
            except OSError as error:
                self._error = self._error or error
            if isinstance(item, _End):
                return

    def _next(self) -> _Queued | _End | None:
        """The next item, or None when the oldest row that is not committed is due."""
        waiting = self._chunk[self._record.rows % CHUNK_ROWS :] if self._error is None else []
        try:
            return self._queue.get(timeout=max(0.0, waiting[0].due_s - time.monotonic()) if waiting else None)
        except queue.Empty:
            return None

    def _take(self, item: _Queued | _End | None) -> None:
        if self._error:
            return
        if isinstance(item, _Queued):
            item.integers[self._layout.integers["clips"]] = self._clips.setdefault(
                item.clips, len(self._clips)
            )
            self._chunk.append(item)
            if len(self._chunk) == CHUNK_ROWS:
                self._flush({})
            return
        self._flush(item.changes or {} if item else {})

    def _flush(self, changes: dict[str, Any]) -> None:
        """Write the open chunk, then the lengths, then commit."""
        first = self._record.rows - self._record.rows % CHUNK_ROWS
        rows = first + len(self._chunk)
        if rows > self._record.rows:
            for name, parts in self._encoded().items():
                metadata = self._layout.metadata[name]
                path = self._path / name
                write_atomic(chunk_path(path, first // CHUNK_ROWS, len(metadata["shape"])), parts)
                write_array(path, metadata, rows)
        if changes or rows > self._record.rows:
            record = replace(self._record, rows=rows, clips=tuple(self._clips), **changes)
            record.write(self._path)
            self._record = record
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
