"""Recording of one episode: a bounded queue, and a thread that compresses, writes and commits.

Every row is committed within FLUSH_S of :meth:`EpisodeWriter.append`, or sooner when CHUNK_ROWS have come
together, so a process killed at any instant loses less than a second. A power cut can take what the kernel
had not written yet; the checksums show it.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np

from robolearn.contracts import Ending
from robolearn.episodes.chunks import encode_picture
from robolearn.episodes.commits import Commits, PendingRow
from robolearn.episodes.layout import Layout
from robolearn.episodes.record import Record
from robolearn.episodes.rows import Packed, Row, pack
from robolearn.episodes.schema import StoreSchema
from robolearn.errors import BorderError, StoreError

FLUSH_S: Final = 0.3  # leaves 0.7 s of the second that may be lost to a slow disk or a busy machine
QUEUE_ROWS: Final = 32  # bounds memory: two 640x480 cameras take 59 MB
ENCODERS: Final = 2
ALIVE_S: Final = 0.5  # how often a blocked append looks whether the thread is still there


class _End(NamedTuple):
    """The last thing in the queue; without an ending the episode stays as if the writer had been killed."""

    changes: dict[str, Any] | None


class EpisodeWriter:
    """Appends rows to one episode; made by :meth:`EpisodeStore.begin`.

    Use it as a context manager, or call close.
    """

    def __init__(self, path: Path, schema: StoreSchema, layout: Layout, record: Record, lock: int) -> None:
        self.id = record.id
        self._path, self._schema, self._layout, self._lock = path, schema, layout, lock
        self._commits = Commits(path, layout, record)
        self._queue: queue.Queue[PendingRow | _End] = queue.Queue(QUEUE_ROWS)
        self._appended = self._newest_ns = 0
        self._open, self._based = True, False
        self._error: OSError | None = None
        self._encoders = ThreadPoolExecutor(ENCODERS, thread_name_prefix="encode")
        self._thread = threading.Thread(target=self._run, name=f"write {self.id}", daemon=True)
        self._thread.start()

    @property
    def rows(self) -> int:
        """Rows appended so far."""
        return self._appended

    @property
    def committed(self) -> int:
        """Rows that a kill at this instant would leave."""
        return self._commits.record.rows

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
            raise BorderError(f"stamp {row.stamp_ns} ns is before that of the row before, {self._newest_ns} ns")
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

    def _queued(self, packed: Packed) -> PendingRow:
        floats = np.empty(self._layout.float_width, np.float32)
        integers = np.zeros(self._layout.integer_width, np.int64)
        for name, part in self._layout.floats.items():
            floats[part] = packed.floats[name]
        for name, value in packed.integers.items():
            integers[self._layout.integers[name]] = value
        pictures = {name: self._encoders.submit(encode_picture, image) for name, image in packed.images.items()}
        return PendingRow(floats, integers, packed.features, pictures, packed.clips, time.monotonic() + FLUSH_S)

    def _put(self, item: PendingRow | _End) -> None:
        """Hand over to the thread, which takes until it is told to end, even after an error."""
        while self._thread.is_alive():
            try:
                return self._queue.put(item, timeout=ALIVE_S)
            except queue.Full:
                continue
        raise StoreError(f"the thread that writes episode {self.id} has died; its traceback is on stderr")

    def _stop(self, changes: dict[str, Any] | None) -> None:
        if self._open:
            self._open = False
            try:
                self._put(_End(changes))
                self._thread.join()
            finally:
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

    def _next(self) -> PendingRow | _End | None:
        """The next item, or None when rows have to be committed."""
        due_s = None if self._error else self._commits.due_s
        try:
            return self._queue.get(timeout=None if due_s is None else max(0.0, due_s - time.monotonic()))
        except queue.Empty:
            return None

    def _take(self, item: PendingRow | _End | None) -> None:
        if self._error:
            return
        if item is None:
            self._commits.flush()
        elif isinstance(item, _End):
            self._commits.finish(item.changes)
        else:
            self._commits.add(item)
