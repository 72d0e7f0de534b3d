"""The source files of this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("robolearn", "drivers", "sim", "calibration")
BUILT_FROM = ("setup.py", "setup.cfg", "pyproject.toml", "package.xml", "LICENSE")
BUILT_FROM_FOLDERS = (*ROOMS, "configs", "launch", "resource")


def sources(*rooms: str) -> list[Path]:
    """Python files of ``rooms``, relative to the root."""
    return sorted(path.relative_to(ROOT) for room in rooms for path in (ROOT / room).rglob("*.py"))


def tool(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter as a command."""
    return subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False)


def copy_sources(folder: Path) -> None:
    """What the package is built from, into a ``folder`` that is there."""
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, folder)
    for name in BUILT_FROM_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
