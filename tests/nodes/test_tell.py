"""``robolearn tell`` reaches the supervisor of a cell, and says so when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from robolearn.cli.main import BAD_INPUT, OK, main
from robolearn.nodes.link import Link
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with own_network():
        yield


def test_a_cell_is_told_to_start_and_to_pause(tmp_path: Path) -> None:
    words = ["--namespace", "left"]
    with (
        NodeProcess(tmp_path / "log", "supervisor_node", "-r", "__ns:=/left"),
        closing(Link("test", "left", PATIENCE_S)) as link,
        diagnostics(link) as told,
    ):
        eventually(lambda: told, "the supervisor")
        for deed, state in (("start", "running"), ("pause", "paused")):
            assert main(["tell", deed, *words]) == OK
            eventually(lambda state=state: told["supervisor_node"]["state"] == state, state)
        assert main(["tell", "mark_success", *words]) == BAD_INPUT


def test_without_a_cell_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tell", "start"]) == BAD_INPUT
    assert "supervisor/start: nobody offers it" in capfd.readouterr().err


def test_an_unknown_deed_is_refused_with_the_valid_ones(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tell", "strat"]) == BAD_INPUT
    assert "Did you mean 'start'?" in capfd.readouterr().err
