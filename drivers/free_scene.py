"""A scene that nobody resets: each episode starts where the last one ended, as in practice without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.table import Cell
from robolearn.config import Section


@dataclass(frozen=True)
class FreeConfig:
    """A scene left to itself needs no settings."""


class FreeScene:
    """Implements ``Scene``."""

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Start from wherever the cell is."""
        return {}

    def succeeded(self) -> None:
        """Nobody knows."""
        return

    def close(self) -> None:
        """Nothing is held."""


def scene(section: Section, cell: Cell) -> FreeScene:
    """A scene left to itself."""
    section.read(FreeConfig)
    return FreeScene()
