"""Who may take over in practice: those who drive in ``record`` and ``teleop``, and a scripted person who looks on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.keyboard import Keyboard
from drivers.spacemouse import SpaceMouse
from robolearn.autonomy.cell import Cell
from robolearn.backends import load_task
from robolearn.cli.driving import STATION, teleops
from robolearn.cli.job import Job
from robolearn.cli.practice import NOBODY, ONLOOKER, may_take_over
from robolearn.contracts import Teleop
from robolearn.learning.config import load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower
from sim.demonstrator import Demonstrator
from sim.onlooker import Onlooker
from tests.sim.cells import STATION as TWIN
from tests.sim.cells import blind_cell

TASK, LEARNING = load_task("lift_cube"), load_learning("residual")


@pytest.fixture
def cell() -> Iterator[Cell]:
    tower = Tower.load(LEARNING.features.tower)
    with blind_cell(TASK) as (station, _):
        yield Cell(station, TASK, Encoder(tower, tuple(TWIN.cameras), 1, 0))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    keys, program = os.openpty()
    with os.fdopen(program) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield
    os.close(keys)


def helper(name: str, cell: Cell, folder: Path) -> Teleop | None:
    return may_take_over(Job(RunFolder(folder), TWIN, TASK, LEARNING, {}, 0), name, cell)


def devices(teleop: Any) -> list[type]:
    """What is held together."""
    return [type(device) for device in getattr(teleop, "_devices", [teleop])]


@pytest.mark.usefixtures("terminal")
def test_beside_every_device_the_keys_label_episodes(cell: Cell, tmp_path: Path) -> None:
    assert devices(helper(STATION, cell, tmp_path)) == [Demonstrator, Keyboard]
    assert devices(helper("spacemouse", cell, tmp_path)) == [SpaceMouse, Keyboard]
    assert devices(helper("keyboard", cell, tmp_path)) == [Keyboard]


@pytest.mark.parametrize("name", teleops())
def test_whoever_may_drive_may_take_over(name: str, cell: Cell, tmp_path: Path) -> None:
    assert helper(name, cell, tmp_path) is not None


def test_an_onlooker_is_scripted_and_nobody_is_nobody(cell: Cell, tmp_path: Path) -> None:
    assert isinstance(helper(ONLOOKER, cell, tmp_path), Onlooker)
    assert helper(NOBODY, cell, tmp_path) is None
