"""What a store holds: its schema, and the description of one episode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from robolearn.errors import BorderError, StoreError

FORMAT_VERSION = 1
ARM_PART = "arm"
POSE_SIZE = 7  # position [m] and quaternion wxyz


class Source(int, Enum):
    """Who chose the action of a row."""

    NONE = -1  # no action: the final observation
    DEMO = 0
    POLICY = 1
    INTERVENTION = 2


class EpisodeKind(str, Enum):
    """What an episode was recorded for."""

    DEMO = "demo"
    PRACTICE = "practice"
    EVAL = "eval"


@dataclass(frozen=True)
class FeatureSchema:
    """Cached image features, ``cameras`` x ``variants`` x ``dim`` float16; ``tower`` is a hash of weights."""

    tower: str
    cameras: tuple[str, ...]
    variants: int
    dim: int


@dataclass(frozen=True)
class StoreSchema:
    """The columns of a store; the same for all its episodes.

    ``cameras`` maps each camera to its (height, width) in pixels. Without ``store_images`` only features are
    kept.
    """

    task: str
    station: str
    action_names: tuple[str, ...]
    joint_names: tuple[str, ...]
    proprio_dim: int
    cameras: Mapping[str, tuple[int, int]]
    features: FeatureSchema | None = None
    store_images: bool = True

    def __post_init__(self) -> None:
        """Raises BorderError for features of a camera that is not there, and for a camera named "arm"."""
        missing = set(self.features.cameras if self.features else ()) - set(self.cameras)
        if missing:
            raise BorderError(f"features of unknown cameras {sorted(missing)}; cameras: {sorted(self.cameras)}")
        if ARM_PART in self.cameras:
            raise BorderError(f"a camera cannot be called {ARM_PART!r}: that name is the arm's among the parts")

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything that has an age in a row: the arm, then each camera."""
        return (ARM_PART, *self.cameras)

    def to_json(self) -> dict[str, Any]:
        """The schema as plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self) | {"cameras": dict(self.cameras)}))
        return plain

    @staticmethod
    def from_json(plain: Mapping[str, Any]) -> StoreSchema:
        """Inverse of :meth:`to_json`. Raises StoreError if a key is missing or unknown."""
        try:
            cached = plain["features"]
            return StoreSchema(
                task=plain["task"],
                station=plain["station"],
                action_names=tuple(plain["action_names"]),
                joint_names=tuple(plain["joint_names"]),
                proprio_dim=plain["proprio_dim"],
                cameras={name: (int(size[0]), int(size[1])) for name, size in plain["cameras"].items()},
                features=FeatureSchema(**cached | {"cameras": tuple(cached["cameras"])}) if cached else None,
                store_images=plain["store_images"],
            )
        except (KeyError, TypeError) as error:
            raise StoreError(f"the schema of the store does not fit this version: {error!r}") from error

    def differences(self, other: StoreSchema) -> list[str]:
        """One line per field in which ``other`` differs, "field: ours, not theirs"."""
        ours, theirs = self.to_json(), other.to_json()
        return [f"{name}: {ours[name]}, not {theirs[name]}" for name in ours if ours[name] != theirs[name]]


@dataclass(frozen=True)
class EpisodeInfo:
    """What is known when an episode starts. ``draws`` are the randomisation draws of a simulated world."""

    kind: EpisodeKind
    seed: int
    software: str
    draws: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The description as plain JSON values.

        Raises BorderError for a draw that is not finite or not JSON.
        """
        try:
            text = json.dumps(asdict(self), default=_plain, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BorderError(
                f"episode description: {error}; draws must be finite numbers, strings or lists"
            ) from error
        plain: dict[str, Any] = json.loads(text)
        return plain


def _plain(value: object) -> object:
    """NumPy scalars and arrays as JSON values."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be stored as JSON")
