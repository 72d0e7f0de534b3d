"""One side of a benchmark: a process of its own that measures and ends with one line of JSON.

Both sides run the same way, one after the other, so neither inherits memory or threads from the other.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from robolearn.errors import BenchError

ROOT = Path(__file__).resolve().parents[2]
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LP_NUM_THREADS",  # Mesa's software renderer
)
START_UP_S = 900.0  # importing, filling a buffer and compiling, before a side starts to measure
SHOWN_LINES = 5


class Side(NamedTuple):
    """What one side measured, and how."""

    figures: Mapping[str, float]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]


def run_side(words: Sequence[str], seconds: float, threads: int) -> Side:
    """Run the command ``words`` for ``seconds`` [s] of measuring with at most ``threads`` threads.

    Raises BenchError with the end of what the command wrote, if it fails or does not end with its figures."""
    command = [*words, "--seconds", str(seconds), "--threads", str(threads)]
    environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONPATH": str(ROOT)}
    name = " ".join(Path(word).name for word in words)
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=START_UP_S + 10 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{name}: gave no figures within {error.timeout:.0f} s. Try a smaller --seconds.") from error
    if done.returncode != 0:
        raise BenchError(f"{name}: ended with status {done.returncode}: {_end_of(done.stderr)}")
    return _parse(name, done.stdout)


def _parse(name: str, text: str) -> Side:
    """The side's last line. Raises BenchError if it is not three mappings with finite figures."""
    try:
        side = Side(**json.loads(text.splitlines()[-1]))
        figures = {key: float(value) for key, value in side.figures.items()}
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        raise BenchError(f"{name}: did not end with a line of figures: {_end_of(text)}") from error
    wrong = {key: value for key, value in figures.items() if not (math.isfinite(value) and value > 0)}
    if wrong:
        raise BenchError(f"{name}: figures must be finite and above zero, got {wrong}")
    return side._replace(figures=figures)


def _end_of(text: str) -> str:
    return "\n".join(text.splitlines()[-SHOWN_LINES:]) or "it wrote nothing"
