"""The commands of a run on the ros backend: the twin and the safety gate are processes, and outcomes are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from robolearn.cli.main import BAD_INPUT, OK, main
from robolearn.config import find
from robolearn.episodes import EpisodeKind, EpisodeStore
from robolearn.nodes.link import Link
from tests.cli.tiny import tiny_config
from tests.nodes.cells import CELL, twin
from tests.nodes.processes import NodeProcess, diagnostics, eventually, own_network

LOOKS = 5  # a busy machine may need longer to find the nodes than a command waits for them


class Run:
    """A small run, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run"
        self._config = tiny_config(folder)

    def do(self, command: str, *more: str, task: str = CELL["task"]) -> int:
        """Exit status of a command of the run."""
        given = ["--task", task, "--config", str(self._config), "--run", str(self.path), "--json"]
        words = [*command.split(), *given, *more]
        for _ in range(LOOKS if "ros" in more else 1):
            status = main(words)
            if status != BAD_INPUT:
                break
        return status

    def outcomes(self) -> list[Any]:
        """Every episode of the last evaluation of the base policy."""
        evaluation = json.loads((self.path / "eval_base.json").read_text(encoding="utf-8"))
        return list(evaluation["per_episode"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a base policy and a reward model, learned from demonstrations in process."""
    run = Run(tmp_path_factory.mktemp("run"))
    assert [run.do(command) for command in ("record", "train base", "train reward")] == [OK] * 3
    return run


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A twin in lock-step and the gate before it."""
    folder = tmp_path_factory.mktemp("cell")
    with (
        own_network(),
        twin(folder, lock_step=True, person="onlooker"),
        NodeProcess(folder / "safety.log", "safety_node", **CELL, use_sim_time=True, answer_s=10.0),
        closing(Link("test")) as link,
        diagnostics(link) as told,
    ):
        eventually(lambda: told.get("safety_node", {}).get("fault") == "not armed yet", "the gate to find the arm")
        yield


@pytest.fixture
def short(tmp_path: Path) -> str:
    """The same task, for people in a hurry."""
    task = yaml.safe_load(find("tasks", CELL["task"]).read_text(encoding="utf-8"))
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump({**task, "time_limit_s": 3.0}), encoding="utf-8")
    return str(path)


@pytest.mark.timeout(300)
def test_a_policy_evaluated_over_ros_does_what_it_does_in_process(run: Run, nodes: None, short: str) -> None:
    asked = ("--policy", "base", "--episodes", "1")
    assert run.do("eval", *asked, task=short) == OK
    in_process = run.outcomes()
    assert run.do("eval", *asked, "--backend", "ros", task=short) == OK
    assert run.outcomes() == in_process and len(in_process) == 1


@pytest.mark.timeout(300)
def test_practice_over_ros_fills_the_store_and_learns(run: Run, nodes: None) -> None:
    assert run.do("practice", "--backend", "ros", "--steps", "20", "--teleop", "onlooker") == OK
    practised = [one for one in EpisodeStore.open(run.path / "store").episodes() if one.kind is EpisodeKind.PRACTICE]
    assert sum(one.rows - 1 for one in practised) >= 20
    assert list((run.path / "weights").iterdir())


def test_a_cell_that_nobody_has_started_is_bad_input(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with own_network():
        assert run.do("eval", "--policy", "base", "--episodes", "1", "--backend", "ros") == BAD_INPUT
    assert "service /arm/get_parameters: nobody offers it. Are the nodes" in capsys.readouterr().err


def test_an_unknown_backend_is_bad_input(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.do("eval", "--backend", "rso") == BAD_INPUT
    assert "unknown backend 'rso'. Did you mean 'ros'?" in capsys.readouterr().err
