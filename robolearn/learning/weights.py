"""The way back from learner to actor: a folder of versioned weights, each published in one step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from robolearn import atomic
from robolearn.errors import ModelError
from robolearn.learning import tensors

NO_VERSION: Final = -1
_NAME = re.compile(r"weights-(\d{9})\.safetensors")


@dataclass(frozen=True)
class Weights:
    """One published version; ``updates`` is how far its learner had come."""

    version: int
    updates: int
    tensors: Mapping[str, Tensor]


class WeightsFolder:
    """Publishes and loads versions; any number of readers, one writer."""

    def __init__(self, path: Path, keep: int = 3) -> None:
        """``keep`` versions stay in the folder: a reader may be in the middle of one that is not the newest."""
        self.path = path
        self._keep = keep

    def versions(self) -> list[int]:
        """Versions in the folder, oldest first."""
        names = [entry.name for entry in self.path.iterdir()] if self.path.is_dir() else []
        return sorted(int(found.group(1)) for found in map(_NAME.fullmatch, names) if found)

    def newest(self) -> int:
        """The newest version, or NO_VERSION."""
        return max(self.versions(), default=NO_VERSION)

    def publish(self, policy: Mapping[str, Tensor], updates: int) -> int:
        """Make ``policy`` the newest version and return its number; durable once this returns.

        Raises ModelError for a weight that is not finite, and OSError if the disk refuses."""
        version = self.newest() + 1
        data = tensors.pack(policy, {"version": str(version), "updates": str(updates)})
        atomic.write_bytes(self.file(version), data)
        for old in self.versions()[: -self._keep]:
            self.file(old).unlink(missing_ok=True)
        return version

    def load(self, version: int) -> Weights:
        """A version. Raises ModelError if it is missing, truncated, damaged, or not what its name says."""
        path = self.file(version)
        try:
            data = path.read_bytes()
        except OSError as cause:
            known = ", ".join(map(str, self.versions())) or "none"
            raise ModelError(f"there is no version {version} of the weights in {self.path}; there: {known}") from cause
        loaded, notes = tensors.unpack(data, str(path))
        if notes.get("version") != str(version):
            raise ModelError(f"{path} holds version {notes.get('version')}: it was renamed. Remove it.")
        return Weights(version, int(notes["updates"]), loaded)

    def file(self, version: int) -> Path:
        """Where a version is, or would be."""
        return self.path / f"weights-{version:09d}.safetensors"
