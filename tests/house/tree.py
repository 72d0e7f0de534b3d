"""The source files of this checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("robolearn", "drivers", "sim", "calibration")


def sources(*rooms: str) -> list[Path]:
    """Python files of ``rooms``, relative to the root."""
    return sorted(path.relative_to(ROOT) for room in rooms for path in (ROOT / room).rglob("*.py"))


def tool(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter as a command."""
    return subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False)
