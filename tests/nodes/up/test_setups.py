"""What is started for each setup, and with which parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robolearn.config import find
from robolearn.errors import ConfigError
from robolearn.nodes.table import NODES
from robolearn.nodes.up.rules import argument, assignment
from robolearn.nodes.up.setups import SETUPS, Wanted, starts

TWIN = Wanted("twin", "so101_twin", "left", (argument("task", "lift_cube"),))
RUN = (argument("task", "lift_cube"), argument("run", "runs/x"))


@pytest.fixture
def real_station(tmp_path: Path) -> str:
    """The station with devices in place of its twin."""
    path = tmp_path / "real.yaml"
    text = find("stations", "so101_twin").read_text(encoding="utf-8")
    path.write_text(text.replace("backend: twin", "backend: drivers"), encoding="utf-8")
    return str(path)


def names(wanted: Wanted) -> set[str]:
    return {start.name for start in starts(wanted)}


def test_the_twin_stands_in_for_the_devices() -> None:
    assert names(TWIN) == {"twin_node", "safety_node", "supervisor_node"} == names(replace(TWIN, setup="cell"))


def test_a_real_cell_has_a_process_for_each_camera(real_station: str) -> None:
    wanted = replace(TWIN, setup="cell", station=real_station)
    cameras = {start.name: start for start in starts(wanted) if start.entry.name == "camera_node"}
    assert {start.parameters["camera"] for start in cameras.values()} == {"front", "wrist"}
    assert names(wanted) == {"arm_node", "scene_node", "safety_node", "supervisor_node", *cameras}
    assert set(cameras) == {"camera_node_front", "camera_node_wrist"}


def test_practice_adds_an_actor_and_a_learner() -> None:
    assert names(replace(TWIN, setup="practice", rules=RUN)) == names(TWIN) | {"actor_node", "learner_node"}


def test_further_nodes_are_started_when_asked_for() -> None:
    wanted = replace(TWIN, others=("recorder_node",), rules=(*TWIN.rules, assignment("folder:=here")))
    assert names(wanted) == names(TWIN) | {"recorder_node"}


def test_where_there_is_a_twin_its_time_is_that_of_all_others(real_station: str) -> None:
    timed = {start.name: start.parameters.get("use_sim_time") for start in starts(TWIN)}
    assert timed == {"twin_node": None, "safety_node": True, "supervisor_node": True}
    real = starts(replace(TWIN, setup="cell", station=real_station))
    assert all("use_sim_time" not in start.parameters for start in real)


def test_what_is_asked_for_prevails_over_what_follows_from_the_setup() -> None:
    wanted = replace(TWIN, rules=(*TWIN.rules, assignment("use_sim_time:=false")))
    assert {start.parameters["use_sim_time"] for start in starts(wanted)} == {False}


def test_every_process_is_in_the_namespace() -> None:
    assert {start.namespace for start in starts(TWIN)} == {"/left"}
    assert {start.namespace for start in starts(replace(TWIN, namespace=""))} == {"/"}


def test_every_node_of_the_table_can_be_started() -> None:
    offered = {name for setup in SETUPS.values() for name in setup.nodes}
    assert {node.name for node in NODES} - offered == {"reward_node"}  # for onlookers: --with reward_node


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"setup": "practise"}, "Did you mean 'practice'?"),
        ({"setup": "practice"}, "parameter 'run' .* is missing"),
        ({"rules": ()}, "parameter 'task' .* is missing"),
        ({"station": "so101_twn"}, "Did you mean 'so101_twin'?"),
        ({"others": ("record_node",)}, "Did you mean 'recorder_node'?"),
        ({"namespace": "2nd cell"}, "namespace '2nd cell'"),
    ],
)
def test_what_cannot_be_started_is_named(change: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        starts(replace(TWIN, **change))
