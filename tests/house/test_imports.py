"""The import rules of the rooms hold, and breaking one is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the rooms in ``folder``, which come before any installed ones."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    words = [sys.executable, "-c", code, "--no-cache", "--config", str(folder / "pyproject.toml")]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_import_rule_holds() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms to spoil."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("*.safetensors", "__pycache__"))
    return folder


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("robolearn/episodes/__init__.py", "import mujoco", "Simulators and ROS stay out of robolearn"),
        ("robolearn/station.py", "import rclpy", "Simulators and ROS stay out of robolearn"),
        ("robolearn/actions.py", "import robolearn.episodes", "What moves or watches the arm loads nothing"),
        ("robolearn/nodes/table.py", "import torch", "What moves or watches the arm loads nothing"),
        ("robolearn/contracts.py", "import torch", "The contracts are numpy and the standard library"),
        ("robolearn/episodes/__init__.py", "import sim", "Nobody but the bench and the command line"),
        (
            "robolearn/episodes/__init__.py",
            "import robolearn.station",
            "Only what drives a cell sees the cell",
        ),
        ("robolearn/config.py", "import robolearn.episodes", "The rooms are layers"),
        ("sim/__init__.py", "import robolearn.episodes", "The twin knows the contracts"),
        ("sim/__init__.py", "import torch", "The twin knows the contracts"),
        ("drivers/__init__.py", "import torch", "Drivers and calibration know the contracts"),
        ("drivers/__init__.py", "import sim", "Drivers and calibration know the contracts"),
        ("drivers/realsense.py", "import pyrealsense2", "librealsense has processes of its own"),
    ],
)
def test_a_forbidden_import_breaks_its_rule(rooms: Path, module: str, line: str, rule: str) -> None:
    path = rooms / module
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        done = lint_imports(rooms)
    finally:
        path.write_text(before, encoding="utf-8")
    broken = [entry for entry in done.stdout.splitlines() if " BROKEN" in entry and entry.startswith(rule)]
    assert done.returncode == 1 and broken, done.stdout + done.stderr


def test_a_new_room_without_a_place_in_the_table_is_noticed(rooms: Path) -> None:
    path = rooms / "robolearn" / "attic.py"
    path.write_text("", encoding="utf-8")
    try:
        done = lint_imports(rooms)
    finally:
        path.unlink()
    assert done.returncode == 1 and "attic" in done.stdout
