"""How a row becomes plain zarr arrays: which column lies where, and the metadata of each array.

An episode is a zarr v3 group with the arrays ``floats`` (row, column) float32, ``integers`` (row, column)
int64, ``features`` (row, camera, variant, dim) float16 and ``rgb_<camera>`` (row, H, W, 3) uint8.
Low-dimensional columns are packed into two arrays because each array costs a file a flush; their ``columns``
attribute names them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, ShardingCodecIndexLocation
from zarr.core.array import ShardsConfigParam
from zarr.storage import MemoryStore

from robolearn.episodes.chunks import BLOSC, CHUNK_ROWS
from robolearn.episodes.schema import POSE_SIZE, StoreSchema

FLOATS, INTEGERS, FEATURES = "floats", "integers", "features"
Slices = dict[str, slice]


@dataclass(frozen=True)
class Layout:
    """Columns of the two packed arrays, and the zarr metadata of every array at zero rows."""

    floats: Slices
    integers: Slices
    metadata: dict[str, dict[str, Any]]

    @property
    def float_width(self) -> int:
        """Columns of ``floats``."""
        return sum(part.stop - part.start for part in self.floats.values())

    @property
    def integer_width(self) -> int:
        """Columns of ``integers``."""
        return sum(part.stop - part.start for part in self.integers.values())


def rgb_array(camera: str) -> str:
    """Name of the array with the pictures of a camera."""
    return f"rgb_{camera}"


def layout_of(schema: StoreSchema) -> Layout:
    """The layout that a schema asks for."""
    actions = len(schema.action_names)
    floats = _slices(
        proprio=schema.proprio_dim,
        joint_position_rad=len(schema.joint_names),
        ee_pose_base=POSE_SIZE,
        gripper_opening=1,
        gripper_load=1,
        base_action=actions,
        requested=actions,
        executed=actions,
        probability=1,
    )
    integers = _slices(
        stamp_ns=1,
        age_ns=len(schema.parts),
        acted=1,
        source=1,
        clips=1,
        decision=1,
        reward_version=1,
        weights_version=1,
    )
    metadata = {FLOATS: _packed(floats, "float32"), INTEGERS: _packed(integers, "int64")}
    if schema.features:
        spec = schema.features
        shape = (len(spec.cameras), spec.variants, spec.dim)
        metadata[FEATURES] = _block(shape, "float16", {"cameras": list(spec.cameras), "tower": spec.tower})
    if schema.store_images:
        metadata |= {rgb_array(name): _frames(size) for name, size in schema.cameras.items()}
    return Layout(floats, integers, metadata)


def _slices(**widths: int) -> Slices:
    start, slices = 0, {}
    for name, width in widths.items():
        slices[name] = slice(start, start + width)
        start += width
    return slices


def _packed(slices: Slices, dtype: str) -> dict[str, Any]:
    columns = {name: [part.start, part.stop] for name, part in slices.items()}
    return _block((max(part.stop for part in slices.values()),), dtype, {"columns": columns})


def _block(shape: tuple[int, ...], dtype: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Array stored in chunks of CHUNK_ROWS rows, not compressed (noise-like numbers), with a checksum."""
    return _metadata(
        shape=(0, *shape),
        chunks=(CHUNK_ROWS, *shape),
        dtype=dtype,
        compressors=[Crc32cCodec()],
        attributes=attributes,
    )


def _frames(size: tuple[int, int]) -> dict[str, Any]:
    """Array of pictures: each is a chunk of its own with a checksum, and CHUNK_ROWS of them make a shard."""
    shape = (*size, 3)
    shards: ShardsConfigParam = {
        "shape": (CHUNK_ROWS, *shape),
        "index_location": ShardingCodecIndexLocation.start,
    }
    return _metadata(
        shape=(0, *shape),
        chunks=(1, *shape),
        shards=shards,
        dtype="uint8",
        compressors=[BloscCodec(**BLOSC), Crc32cCodec()],
        attributes={},
    )


def _metadata(**options: Any) -> dict[str, Any]:
    """``zarr.json`` of an array, made by zarr itself; flat chunk names save a folder per chunk."""
    encoding: Any = {"name": "default", "separator": "."}
    array = zarr.create_array(MemoryStore(), chunk_key_encoding=encoding, fill_value=0, filters=None, **options)
    plain: dict[str, Any] = json.loads(json.dumps(array.metadata.to_dict(), default=str))
    return plain
