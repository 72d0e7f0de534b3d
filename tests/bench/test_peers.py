"""The peers' scripts are there, and a machine without the peers is told what to do."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from robolearn.bench.peers import SCRIPTS, peer_words
from robolearn.bench.table import TABLE, Benchmark
from robolearn.errors import BenchError


def test_peers_that_are_not_installed_are_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="make bench-peers"):
        peer_words("gym_hil_twin.py", tmp_path / "nowhere")


def test_a_script_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"there is no .*teapot\.py"):
        peer_words("teapot.py", tmp_path)


def test_installed_peers_run_their_script_with_their_own_interpreter(tmp_path: Path) -> None:
    interpreter = tmp_path / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.touch()
    assert peer_words("gym_hil_twin.py", tmp_path) == [str(interpreter), str(SCRIPTS / "gym_hil_twin.py")]


@pytest.mark.parametrize("benchmark", TABLE, ids=lambda benchmark: benchmark.name)
def test_every_peer_script_reports_the_figures_that_are_compared(benchmark: Benchmark) -> None:
    tree = ast.parse((SCRIPTS / benchmark.peer_script).read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {ratio.peer for ratio in benchmark.ratios} <= texts


def test_every_direct_requirement_of_the_peers_is_pinned() -> None:
    lines = (SCRIPTS / "requirements.txt").read_text().splitlines()
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements and all("==" in line for line in requirements)
