"""A scene that a person at the terminal brings to its start state."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from drivers.table import Cell
from robolearn.asking import ask
from robolearn.config import Section


@dataclass(frozen=True)
class AskConfig:
    """A person who needs no settings."""


class AskScene:
    """Implements ``Scene``: asks, and waits for the answer."""

    def __init__(self, cell: Cell, answers: TextIO, questions: TextIO) -> None:
        self._cell, self._answers, self._questions = cell, answers, questions

    def question(self, stopped: str | None) -> str:
        """What the person is asked for; ``stopped`` is why the arm is, whom the answer allows to move again."""
        safe = "" if stopped is None else f"The arm has stopped ({stopped}): make it safe, it will be re-armed. "
        return f"{safe}Bring the cell to the start of '{self._cell.instruction}'."

    def reset(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Ask, and return when Enter has been pressed. Raises DeviceError if nobody can."""
        ask(
            f"{self.question(stopped)} Then press Enter: ", self._answers, self._questions,
            f"station {self._cell.station}: nobody at the terminal can bring the cell to its start. Run the command in "
            "a terminal, or give the scene the driver 'free': episodes start from wherever the cell is.",
        )  # fmt: skip
        return {}

    def succeeded(self) -> None:
        """Nobody knows but the person."""
        return

    def close(self) -> None:
        """Nothing is held."""


def scene(section: Section, cell: Cell) -> AskScene:
    """A scene with a person at the terminal."""
    section.read(AskConfig)
    return AskScene(cell, sys.stdin, sys.stderr)
