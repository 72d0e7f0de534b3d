"""A scene that nobody resets: each episode starts where the last one ended, as in practice without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from drivers.table import Cell
from robolearn.config import Limit, Section
from robolearn.errors import DeviceError


@dataclass(frozen=True)
class FreeConfig:
    """A scene left to itself."""

    rearms_unseen: Annotated[
        bool,
        Limit("may an arm that has stopped, for whatever reason, be re-armed though nobody looks? In a virtual cell"),
    ]


class FreeScene:
    """Implements ``Scene``. When the first episode starts a person is there: they have just started the program."""

    def __init__(self, config: FreeConfig) -> None:
        self._config = config
        self._begun = False

    def reset(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Start from wherever the cell is. Raises DeviceError for an arm that has stopped: who would have seen why?"""
        if self._begun and stopped is not None and not self._config.rearms_unseen:
            raise DeviceError(
                f"the arm has stopped ({stopped}), and nobody looks at a scene with the driver 'free'. Make it safe; "
                "then start the command again, which goes on where it was (over ROS: supervisor/rearm)"
            )
        self._begun = True
        return {}

    def succeeded(self) -> None:
        """Nobody knows."""
        return

    def close(self) -> None:
        """Nothing is held."""


def scene(section: Section, cell: Cell) -> FreeScene:
    """A scene left to itself."""
    return FreeScene(section.read(FreeConfig))
