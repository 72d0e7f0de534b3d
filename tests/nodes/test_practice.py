"""Practice with every part a process: as the supervisor says, and over kills."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Int64
from std_srvs.srv import Trigger

from robolearn.cli.main import OK, main
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore
from robolearn.episodes.reader import Episode
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.roll import SILENT_S
from robolearn.nodes.stamps import to_ns
from tests.cli.tiny import tiny_config
from tests.nodes.cells import CELL, safety, twin
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

SERVICES = {service.name.rpartition("/")[2]: service for service in topics.SUPERVISOR}
FEW_STEPS = 30
soon = partial(eventually, patience_s=240.0)  # five processes share the cores with whatever else is tested


class Cell(NamedTuple):
    """A cell in which everything but actor and learner runs."""

    folder: Path
    run: Path
    config: Path
    link: Link

    def node(self, name: str) -> NodeProcess:
        """A node of the run."""
        log, run = self.folder / f"{name}.log", {"run": self.run, "config": self.config}
        return NodeProcess(log, name, **CELL, **run, use_sim_time=True)

    def ask(self, service: str) -> str:
        """Call a service of the supervisor; what it says if it refuses."""
        response = self.link.call(SERVICES[service], Trigger.Request())
        return "" if response.success else str(response.message)

    def practised(self) -> list[Episode]:
        """What is in the store of practice."""
        episodes = EpisodeStore.open(self.run / "store").episodes()
        return [episode for episode in episodes if episode.kind is EpisodeKind.PRACTICE]

    def rows(self) -> int:
        """Rows of practice on disk."""
        return sum(episode.rows for episode in self.practised())


def words(command: str, config: Path, run: Path, *more: str) -> list[str]:
    given = ["--task", CELL["task"], "--config", str(config), "--run", str(run), "--json"]
    return [*command.split(), *given, *more]


def endless(config: Path) -> Path:
    """The configuration with practice that ends only when told to."""
    text = re.sub(r"(robot_steps|target_episodes): \d+", r"\1: 1000000", config.read_text(encoding="utf-8"))
    config.write_text(text, encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """A run with demonstrations and models, made in process, and the nodes around it."""
    folder = tmp_path_factory.mktemp("practice")
    config, run = endless(tiny_config(folder)), folder / "run"
    with ExitStack() as stack:
        stack.enter_context(own_network())
        stack.enter_context(twin(folder, lock_step=True))
        stack.enter_context(safety(folder))
        stack.enter_context(NodeProcess(folder / "supervisor.log", "supervisor_node"))
        for command in ("record", "train base", "train reward"):
            assert main(words(command, config, run)) == OK
        link = stack.enter_context(closing(Link("test", patience_s=PATIENCE_S)))
        yield Cell(folder, run, config, link)


@pytest.mark.timeout(600)
def test_every_part_is_a_process_and_the_supervisor_says_what_they_do(cell: Cell) -> None:
    versions: list[int] = []
    endings: list[str] = []

    def hear_version(message: Int64) -> None:
        versions.append(message.data)

    def hear_episode(message: DiagnosticArray) -> None:
        endings.append(message.status[0].message)

    with ExitStack() as stack:
        stack.enter_context(cell.link.listening(topics.WEIGHTS_VERSION, hear_version))
        stack.enter_context(cell.link.listening(topics.EPISODE, hear_episode))
        health = stack.enter_context(diagnostics(cell.link))
        stack.enter_context(cell.node("learner_node"))
        actor = stack.enter_context(cell.node("actor_node"))
        soon(lambda: health.get("actor_node", {}).get("state") == "idle", "an actor that waits")
        assert "no episode runs" in cell.ask("mark_success")
        assert cell.practised() == []
        assert cell.ask("start") == ""
        soon(lambda: cell.rows() > FEW_STEPS, "practice")
        soon(lambda: versions and versions[-1] > 0, "newer weights")
        soon(partial(label_a_failure, cell, endings), "an episode that a person labels")
        assert cell.ask("pause") == ""
        soon(lambda: health["actor_node"]["state"] == "paused", "the pause")
        soon(lambda: all(episode.ending is not None for episode in cell.practised()), "the end of the episode")
        before = len(cell.practised())
        assert [episode.record.label for episode in cell.practised()].count(False) >= 1
        assert cell.ask("start") == ""
        soon(lambda: len(cell.practised()) > before, "further practice")
        assert cell.ask("stop") == ""
        assert actor.wait() == 0
        time.sleep(SILENT_S + 1.5)  # a node that was killed would be missed by now
        assert "actor_node" not in health["safety_node"]["message"] + health["supervisor_node"]["message"]
        learned = json.loads((cell.run / "learner" / "progress.json").read_text())
    assert learned["updates"] > 0
    assert all(episode.ending is not None for episode in cell.practised())


def label_a_failure(cell: Cell, endings: list[str]) -> bool:
    """Say "failure" again and again: between two episodes nobody listens."""
    cell.ask("mark_failure")
    return Ending.STOPPED.value in endings


@pytest.mark.timeout(600)
def test_a_kill_of_actor_and_learner_loses_no_committed_transition(cell: Cell) -> None:
    assert cell.ask("start") == ""
    before = cell.rows()
    with cell.node("learner_node") as learner, cell.node("actor_node") as actor:
        soon(lambda: cell.rows() > before + FEW_STEPS, "practice")
        for node in (learner, actor):
            node.end(signal.SIGKILL)
    killed = cell.rows()
    assert killed > before
    with cell.node("learner_node"), cell.node("actor_node") as actor:
        soon(lambda: cell.rows() > killed + FEW_STEPS, "practice after the kill")
        assert actor.end(signal.SIGTERM) == 0
    assert all(episode.ending is not None for episode in cell.practised())


@pytest.mark.timeout(600)
def test_the_reward_node_judges_each_new_picture(cell: Cell) -> None:
    verdicts: list[DiagnosticArray] = []
    with cell.link.listening(topics.VERDICT, verdicts.append), cell.node("reward_node"):
        soon(lambda: new_picture(cell) and len(verdicts) >= 3, "verdicts")
    stamps = [to_ns(verdict.header.stamp) for verdict in verdicts]
    assert sorted(set(stamps)) == stamps
    values = {pair.key: pair.value for pair in verdicts[0].status[0].values}
    assert 0.0 <= float(values["probability"]) <= 1.0
    assert values["decision"] in ("success", "failure", "abstain")


def new_picture(cell: Cell) -> bool:
    """Have the twin draw a start state."""
    seed = Parameter(name="seed", value=ParameterValue(type=2, integer_value=7))
    return bool(cell.link.call(topics.SCENE_RESET, SetParameters.Request(parameters=[seed])).results[0].successful)
