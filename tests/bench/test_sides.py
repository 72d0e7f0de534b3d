"""One side of a benchmark is a process whose last line is its figures; all else is told plainly."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from robolearn.bench.sides import run_side
from robolearn.errors import BenchError


def script(folder: Path, code: str) -> list[str]:
    """Command that runs ``code`` as a side."""
    path = folder / "side.py"
    path.write_text(code)
    return [sys.executable, str(path)]


def test_figures_settings_and_versions_come_from_the_last_line(tmp_path: Path) -> None:
    words = script(
        tmp_path,
        "print('chatter')\n"
        'print(\'{"figures": {"steps_per_s": 2}, "settings": {"gl": "egl"}, "versions": {"a": "1"}}\')\n',
    )
    side = run_side(words, seconds=0.1, threads=1)
    assert side.figures == {"steps_per_s": 2.0}
    assert side.settings == {"gl": "egl"} and side.versions == {"a": "1"}


def test_seconds_and_threads_reach_the_side(tmp_path: Path) -> None:
    words = script(
        tmp_path,
        "import json, os, sys\n"
        "figures = {name: float(os.environ[name]) for name in ('OMP_NUM_THREADS', 'NUMBA_NUM_THREADS')}\n"
        "print(json.dumps({'figures': figures, 'settings': {'words': sys.argv[1:]}, 'versions': {}}))\n",
    )
    side = run_side(words, seconds=0.5, threads=3)
    assert side.figures == {"OMP_NUM_THREADS": 3.0, "NUMBA_NUM_THREADS": 3.0}
    assert side.settings["words"] == ["--seconds", "0.5", "--threads", "3"]


def test_the_callers_own_environment_is_left_alone(tmp_path: Path) -> None:
    before = dict(os.environ)
    words = script(tmp_path, 'print(\'{"figures": {"a": 1}, "settings": {}, "versions": {}}\')')
    run_side(words, seconds=0.1, threads=7)
    assert dict(os.environ) == before


def test_a_side_that_fails_is_told_with_the_end_of_its_complaint(tmp_path: Path) -> None:
    words = script(tmp_path, "import sys\nsys.exit('no camera here')")
    with pytest.raises(BenchError, match="side.py: ended with status 1: no camera here"):
        run_side(words, seconds=0.1, threads=1)


@pytest.mark.parametrize(
    "line",
    ["", "done", "[1, 2]", '{"figures": {"a": 1}}', '{"figures": [1], "settings": {}, "versions": {}}'],
)
def test_a_side_that_does_not_end_with_figures_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BenchError, match="did not end with a line of figures"):
        run_side(script(tmp_path, f"print({line!r})"), seconds=0.1, threads=1)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.0", "-1.0"])
def test_figures_that_are_no_rates_are_refused(tmp_path: Path, value: str) -> None:
    line = f'{{"figures": {{"steps_per_s": {value}}}, "settings": {{}}, "versions": {{}}}}'
    with pytest.raises(BenchError, match="steps_per_s"):
        run_side(script(tmp_path, f"print({line!r})"), seconds=0.1, threads=1)
