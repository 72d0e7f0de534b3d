"""The record of an episode: the one file whose atomic replacement commits rows."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from robolearn.contracts import Ending
from robolearn.episodes.chunks import write_atomic
from robolearn.errors import StoreError

ZARR_JSON = "zarr.json"


@dataclass(frozen=True)
class Record:
    """Attributes of an episode's group. What lies behind its committed ``rows`` does not count."""

    id: str
    info: Mapping[str, Any]  # EpisodeInfo as JSON
    started: str  # UTC, ISO 8601
    rows: int = 0
    clips: tuple[tuple[str, ...], ...] = ((),)  # table that the column "clips" points into
    ended: bool = False
    ending: Ending = Ending.STOPPED
    recovered: bool = False  # the writer was gone before it could end the episode
    label: bool | None = None  # what a person said of success
    ground_truth: bool | None = None  # of a simulated world, for evaluation alone

    def write(self, episode: Path) -> None:
        """Commit. Raises OSError."""
        write_group(episode, asdict(self))

    def recover(self) -> Record:
        """The record as it counts once the writer is gone."""
        return replace(self, ended=True, ending=Ending.STOPPED, recovered=True)


def read_record(episode: Path) -> Record:
    """The newest committed record. Raises StoreError if it is missing or its checksum is wrong."""
    plain = read_group(episode)
    try:
        clips = tuple(tuple(names) for names in plain.pop("clips"))
        return Record(**plain | {"clips": clips, "ending": Ending(plain["ending"])})
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{episode / ZARR_JSON}: not the record of an episode: {error}") from error


def write_group(folder: Path, content: Mapping[str, Any]) -> None:
    """Write a zarr group whose attributes are ``content`` and its checksum, in one step. Raises OSError."""
    attributes = {"robolearn": content, "crc32": _crc(content)}
    group = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    write_atomic(folder / ZARR_JSON, [json.dumps(group).encode()])


def write_array(folder: Path, metadata: Mapping[str, Any], rows: int) -> None:
    """Write the ``zarr.json`` of an array that has ``rows`` rows, in one step. Raises OSError."""
    grown = {**metadata, "shape": [rows, *metadata["shape"][1:]]}
    write_atomic(folder / ZARR_JSON, [json.dumps(grown).encode()])


def read_group(folder: Path) -> dict[str, Any]:
    """Content written by :func:`write_group`.

    Raises StoreError if it is missing, damaged or of someone else.
    """
    path = folder / ZARR_JSON
    try:
        attributes = json.loads(path.read_bytes())["attributes"]
        content: dict[str, Any] = attributes["robolearn"]
        checksum = attributes["crc32"]
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} was not written by robolearn, or is damaged: {error!r}") from error
    if checksum != _crc(content):
        raise StoreError(f"{path} is damaged: checksum mismatch. Restore it from a copy, or move {folder} away.")
    return content


def _crc(content: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
