"""The table on the terminal holds the same figures as the page."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from robolearn.report import load_run, summarize, terminal_table
from tests.report import sample


def printed(run_dir: Path) -> list[str]:
    """The lines of the table, cells separated by single spaces."""
    console = Console(file=io.StringIO(), width=100)
    console.print(terminal_table(summarize(load_run(run_dir), sample.BARS)))
    out = console.file
    assert isinstance(out, io.StringIO)
    return [" ".join(line.replace("│", " ").replace("┃", " ").split()) for line in out.getvalue().splitlines()]


def test_headline_and_bars_are_in_the_table(tmp_path: Path) -> None:
    lines = printed(sample.write_run(tmp_path))
    assert "cube_in_bin on so101_twin, seed 7" in lines
    assert "success of the base policy 41 %" in lines
    assert "success after practice 97 %" in lines
    assert "Wilson 95 % interval 91.5 to 99.0 %" in lines
    assert "robot time practised 18.2 min" in lines
    assert "wall time 17 min 24 s" in lines
    assert "final_success 0.97 ≥ 0.95 holds" in lines
    assert "wall_s 1043.5 ≤ 900 missed" in lines


def test_what_was_not_measured_is_said_so(tmp_path: Path) -> None:
    sample.write_json(tmp_path / "run.json", sample.RUN)
    lines = printed(tmp_path)
    assert "success after practice not measured" in lines
    assert "reward recall not measured" in lines
