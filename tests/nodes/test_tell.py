"""``robolearn tell`` reaches the supervisor of a cell, and says so when there is none."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from std_srvs.srv import Trigger

from robolearn.cli.main import BAD_INPUT, OK, main
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from tests.nodes.cells import safety, twin, world
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


def test_a_word_that_nobody_hears_is_no_success(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        NodeProcess(tmp_path / "supervisor.log", "supervisor_node"),
        NodeProcess(tmp_path / "recorder.log", "recorder_node", folder=tmp_path / "recordings"),
        closing(Link("test", patience_s=PATIENCE_S)) as link,
        diagnostics(link) as told,
    ):
        eventually(lambda: {"supervisor_node", "recorder_node"} <= told.keys(), "both")
        assert main(["tell", "start"]) == OK
        for deed in ("ready", "mark_failure"):
            assert main(["tell", deed]) == BAD_INPUT
            assert f"{deed}: nobody listens to it" in capfd.readouterr().err
        with link.listening(topics.PERSON_SAYS, lambda _: None):
            eventually(lambda: main(["tell", "ready"]) == OK, "the supervisor to know of a listener")


def test_a_person_re_arms_after_an_emergency_stop_and_is_told_if_there_is_no_gate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        NodeProcess(tmp_path / "log", "supervisor_node") as supervisor,
        twin(tmp_path, lock_step=False),
        safety(tmp_path) as gate,
        world(topics.SAFETY.of("actor")) as cell,
    ):
        eventually(lambda: cell.arm.fault == "not armed yet", "the gate")
        assert cell.link.call(topics.SAFETY.stop, Trigger.Request()).success
        eventually(lambda: "emergency stop" in (cell.arm.fault or ""), "the stop")
        assert main(["tell", "rearm"]) == OK
        eventually(lambda: cell.arm.fault is None, "the arm to be free")
        gate.end(signal.SIGKILL)
        eventually(lambda: main(["tell", "rearm"]) == BAD_INPUT, "the gate to be missed")
        assert "safety/acknowledge: no answer. Is the safety_node running?" in capfd.readouterr().err
        assert supervisor.process.poll() is None


def test_without_a_cell_that_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tell", "start"]) == BAD_INPUT
    assert "supervisor/start: nobody offers it" in capfd.readouterr().err


def test_an_unknown_deed_is_refused_with_the_valid_ones(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tell", "strat"]) == BAD_INPUT
    assert "Did you mean 'start'?" in capfd.readouterr().err
