"""``robolearn up`` with real processes: what dies is back, a bad start ends it all, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from robolearn.cli.main import BAD_INPUT, main
from robolearn.errors import ConfigError
from robolearn.nodes.link import Link
from robolearn.nodes.up.clash import refuse_clash
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

WORDS = ["up", "twin", "--station", "so101_twin", "--task", "lift_cube", "--namespace", "left"]
MAIN = "from robolearn.cli.main import main; raise SystemExit(main())"
NODES = {"twin_node", "safety_node", "supervisor_node"}
BRIEF_S = 2.0  # to find a fault before anything is started; importing ROS on a busy machine not counted


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with own_network():
        yield


@contextmanager
def cell(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A running ``robolearn up``, which is ended."""
    words = [sys.executable, "-c", MAIN, *WORDS, "--json", "--logs", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def running(folder: Path) -> dict[str, psutil.Process]:
    """Nodes that were started with parameters that lie in ``folder``."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        files = [Path(word) for word in process.info["cmdline"] or () if word.endswith(".yaml")]
        found.update({path.stem: process for path in files if path.parent == folder})
    return found


def last_line(text: str) -> Any:
    return json.loads(text.splitlines()[-1])


@pytest.mark.timeout(300)
def test_a_killed_node_is_back_and_the_end_leaves_nothing_behind(tmp_path: Path) -> None:
    with cell(tmp_path) as up, closing(Link("test", "left", PATIENCE_S)) as link, diagnostics(link) as told:
        eventually(lambda: told.keys() >= NODES, "all nodes")
        victim = running(tmp_path)["safety_node"]
        victim.kill()
        eventually(lambda: running(tmp_path).get("safety_node", victim) != victim, "the gate to be back")
        told.clear()
        eventually(lambda: "safety_node" in told, "the gate to tell of itself")
        up.send_signal(signal.SIGINT)
        said, events = up.communicate(timeout=PATIENCE_S)
    assert up.returncode == 0, events
    assert "safety_node: ended by SIGKILL" in events and "safety_node: started again" in events
    restarts = {name: node["restarts"] for name, node in last_line(said)["nodes"].items()}
    assert restarts == {"twin_node": 0, "safety_node": 1, "supervisor_node": 0}
    assert {path.stem for path in tmp_path.glob("*.log")} == NODES
    assert running(tmp_path) == {}


@pytest.mark.timeout(300)
def test_nodes_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with cell(tmp_path) as up:
        eventually(lambda: running(tmp_path).keys() == NODES, "all nodes")
        up.kill()
        assert up.wait(PATIENCE_S) == -signal.SIGKILL
        eventually(lambda: not running(tmp_path), "all nodes to end")
    assert running(tmp_path) == {}


def test_a_node_that_is_started_badly_ends_the_cell_with_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "--logs", str(tmp_path), "-p", "person:=dragon", "--json"]) == BAD_INPUT
    error = last_line(capfd.readouterr().out)["error"]
    assert "unknown person 'dragon'" in error and "demonstrator" in error and "twin_node.log" in error
    assert running(tmp_path) == {}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["-p", "lock_stop:=true"], "Did you mean 'lock_step'?"),
        (["--namespace", "2nd"], "namespace '2nd'"),
        (["--log-level", "loud"], "unknown log level 'loud'"),
        (["--params-file", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_is_unknown_is_told_at_once_and_starts_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], fault: str
) -> None:
    started_s = time.process_time()
    assert main([*WORDS, "--logs", str(tmp_path / "logs"), *words]) == BAD_INPUT
    assert time.process_time() - started_s < BRIEF_S
    assert fault in capfd.readouterr().err
    assert not (tmp_path / "logs").exists()


def test_a_folder_for_logs_that_cannot_be_written_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--logs", "/proc"]) == BAD_INPUT  # it is there, and nobody can write into it, root neither
    error = capfd.readouterr().err
    assert "cannot write logs into /proc" in error and "--logs" in error and "Traceback" not in error


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "twin_node.log").mkdir()
    assert main([*WORDS, "--logs", str(tmp_path)]) == BAD_INPUT
    assert "twin_node.log" in capfd.readouterr().err


def test_a_namespace_in_which_a_cell_runs_is_refused(tmp_path: Path) -> None:
    with NodeProcess(tmp_path / "log", "recorder_node", "-r", "__ns:=/left", folder=tmp_path):
        with closing(Link("test", "left", PATIENCE_S)) as link, diagnostics(link) as told:
            eventually(lambda: told, "the recorder")
        with pytest.raises(ConfigError, match="runs already in the namespace /left: recorder_node"):
            refuse_clash(["recorder_node"], "/left", PATIENCE_S)
        refuse_clash(["recorder_node"], "/right")
        refuse_clash(["arm_node"], "/left")


def test_the_environment_keeps_its_own_discovery_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF")
    refuse_clash(["arm_node"], "/left", 0.0)
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "OFF"
