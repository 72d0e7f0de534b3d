"""Reading of one episode, up to its committed rows, while it may still be growing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import Ending, Float32, Image
from robolearn.episodes.chunks import CHUNK_ROWS, chunk_path, read_block, read_picture
from robolearn.episodes.layout import FEATURES, FLOATS, INTEGERS, Layout, rgb_array
from robolearn.episodes.record import Record
from robolearn.episodes.rows import Half
from robolearn.episodes.schema import EpisodeKind, StoreSchema
from robolearn.errors import BorderError, StoreError, unknown

Int64 = NDArray[np.int64]


class Columns(NamedTuple):
    """Columns of N consecutive rows of an episode.

    NaN stands for what was not measured, judged or proposed.
    """

    stamp_ns: Int64  # (N,)
    age_ns: Int64  # (N, parts), in the order of StoreSchema.parts
    proprio: Float32  # (N, P)
    joint_position_rad: Float32  # (N, J)
    ee_pose_base: Float32  # (N, 7) m, quaternion wxyz
    gripper_opening: Float32  # (N,)
    gripper_load: Float32  # (N,)
    base_action: Float32  # (N, A)
    requested: Float32  # (N, A); zeros where not acted
    executed: Float32  # (N, A); zeros where not acted
    acted: NDArray[np.bool_]  # (N,) False in the final row of an episode
    source: Int64  # (N,) Source values
    clips: tuple[tuple[str, ...], ...]  # N tuples of reasons
    probability: Float32  # (N,) of success
    decision: Int64  # (N,) Decision values
    reward_version: Int64  # (N,)
    weights_version: Int64  # (N,)
    features: Half | None  # (N, cameras, V, D)


@dataclass(frozen=True)
class Episode:
    """An episode as it was when it was looked up; look it up again to see it grown."""

    path: Path
    schema: StoreSchema
    layout: Layout
    record: Record

    @property
    def id(self) -> str:
        """Name in the store; names sort by the time of their start."""
        return self.record.id

    @property
    def kind(self) -> EpisodeKind:
        """What it was recorded for."""
        return EpisodeKind(self.record.info["kind"])

    @property
    def rows(self) -> int:
        """Committed rows; once ended, the last of them is the final observation."""
        return self.record.rows

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it is being written.

        STOPPED also if its writer was killed (``record.recovered``).
        """
        return self.record.ending if self.record.ended else None

    @property
    def judged(self) -> bool:
        """True once a person said whether it succeeded.

        A demonstration that ended without that was thrown away or cut short, and nothing learns from it.
        """
        return self.record.label is not None

    def columns(self, start: int = 0, stop: int | None = None, features: bool = True) -> Columns:
        """Rows [start, stop) of every column but the pictures.

        Raises BorderError for rows that are not there, and StoreError for a damaged chunk.
        """
        end = self.rows if stop is None else stop
        if not 0 <= start <= end <= self.rows:
            raise BorderError(f"rows [{start}, {end}) asked for; episode {self.id} has {self.rows}")
        floats, integers = self._block(FLOATS, start, end), self._block(INTEGERS, start, end)
        named: dict[str, NDArray[Any]] = {}
        for array, slices in ((floats, self.layout.floats), (integers, self.layout.integers)):
            named |= {name: array[:, part] for name, part in slices.items()}
        acted = named.pop("acted")[:, 0] != 0
        if self.record.ended and end == self.rows and end > start:
            acted[-1] = False
        for name in ("executed", "requested"):
            named[name] = np.where(acted[:, None], named[name], np.float32(0))
        clips = tuple(self.record.clips[index] for index in named.pop("clips")[:, 0])
        wide = (
            "age_ns",
            "proprio",
            "joint_position_rad",
            "ee_pose_base",
            "base_action",
            "requested",
            "executed",
        )
        flat: dict[str, Any] = {name: array if name in wide else array[:, 0] for name, array in named.items()}
        cached = self._block(FEATURES, start, end) if features and self.schema.features else None
        return Columns(**flat, acted=acted, clips=clips, features=cached)

    def pictures(self, camera: str, rows: Sequence[int] | NDArray[np.integer[Any]], out: Image | None = None) -> Image:
        """Pictures (N, H, W, 3) of a camera in the given rows, into ``out`` if given.

        Raises BorderError for a camera or row that is not there, and StoreError for a damaged chunk.
        """
        if camera not in self.schema.cameras:
            raise BorderError(unknown("camera", camera, self.schema.cameras))
        if not self.schema.store_images:
            raise StoreError(f"the store of {self.path} keeps no pictures: it was made with store_images off")
        shape = (len(rows), *self.schema.cameras[camera], 3)
        pictures = np.empty(shape, np.uint8) if out is None else out
        folder = self.path / rgb_array(camera)
        for picture, row in zip(pictures, rows, strict=True):
            if not 0 <= row < self.rows:
                raise BorderError(f"row {row} asked for; episode {self.id} has rows 0 to {self.rows - 1}")
            read_picture(chunk_path(folder, int(row) // CHUNK_ROWS, 4), int(row) % CHUNK_ROWS, picture)
        return pictures

    def _block(self, name: str, start: int, stop: int) -> NDArray[Any]:
        metadata = self.layout.metadata[name]
        shape, dtype = tuple(metadata["shape"][1:]), metadata["data_type"]
        chunks = range(start // CHUNK_ROWS, -(-stop // CHUNK_ROWS))
        paths = [chunk_path(self.path / name, chunk, 1 + len(shape)) for chunk in chunks]
        if start == stop:
            return np.empty((0, *shape), dtype)
        rows = np.concatenate([read_block(path, shape, dtype) for path in paths])
        return rows[start - chunks.start * CHUNK_ROWS :][: stop - start]
