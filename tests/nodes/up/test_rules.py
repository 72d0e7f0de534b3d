"""Parameters reach the nodes that they are meant for, by the patterns of ROS; what nobody would take is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from robolearn.errors import ConfigError
from robolearn.nodes.table import entry
from robolearn.nodes.up.rules import Rule, assignment, from_file, resolve

NODES = {"/left/twin_node": entry("twin_node"), "/left/safety_node": entry("safety_node")}


def written(folder: Path, text: str) -> Path:
    path = folder / "parameters.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("pattern", "full_name", "expected"),
    [
        ("/**", "/twin_node", True),
        ("/**", "/a/b/twin_node", True),
        ("/*", "/twin_node", True),
        ("/*", "/a/twin_node", False),
        ("/*/twin_node", "/a/twin_node", True),
        ("/*/twin_node", "/a/b/twin_node", False),
        ("/**/twin_node", "/twin_node", True),
        ("/**/twin_node", "/a/b/twin_node", True),
        ("/a/**", "/a/twin_node", True),
        ("/a/**", "/ab/twin_node", False),
        ("/twin_node", "/twin_node", True),
        ("/twin_node", "/a/twin_node", False),
        ("/twin", "/twin_node", False),
    ],
)
def test_a_pattern_matches_as_that_of_ros_does(pattern: str, full_name: str, expected: bool) -> None:
    assert Rule(pattern, "x", 1, "test").matches(full_name) is expected


def test_a_parameter_reaches_the_nodes_that_declare_it() -> None:
    values = resolve(NODES, [assignment("task:=lift_cube"), assignment("lock_step:=true")])
    assert values == {
        "/left/twin_node": {"task": "lift_cube", "lock_step": True},
        "/left/safety_node": {"task": "lift_cube"},
    }


def test_an_assignment_may_name_its_node() -> None:
    values = resolve(NODES, [assignment("task:=a"), assignment("safety_node:task:='1'")])
    assert values == {"/left/twin_node": {"task": "a"}, "/left/safety_node": {"task": "1"}}


def test_in_a_file_the_name_of_a_node_prevails_over_a_wildcard_before_and_after_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "/left: {twin_node: {ros__parameters: {task: mine}}}\n"
        "/**: {ros__parameters: {task: all, real_time_factor: 2.0, use_sim_time: false}}\n",
    )
    values = resolve(NODES, from_file(path))
    assert values["/left/twin_node"] == {"task": "mine", "real_time_factor": 2.0, "use_sim_time": False}
    assert values["/left/safety_node"] == {"task": "all", "use_sim_time": False}


def test_a_file_may_hold_parameters_of_nodes_that_are_not_started(tmp_path: Path) -> None:
    path = written(tmp_path, "/**/actor_node: {ros__parameters: {teleop: true}}\n")
    assert resolve(NODES, from_file(path)) == {name: {} for name in NODES}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("/**: {ros__parameters: {lock_stop: true}}", "Did you mean 'lock_step'?"),
        ("/**/safety_node: {ros__parameters: {lock_step: true}}", "unknown parameter 'lock_step'"),
        ("/**/safe_node: {ros__parameters: {task: a}}", "Did you mean 'safety_node'?"),
        ("twin_node: {ros__parameters: {task: a}}", "does not match /left/twin_node"),
        ("/**: {ros__parameters: [task]}", "must hold names and values"),
        ("/**: [task]", "expected names of nodes"),
        ("{}", "holds no parameters"),
        ("a: [", "not valid YAML"),
    ],
)
def test_what_a_file_says_wrongly_is_named_with_the_file(tmp_path: Path, text: str, fault: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        resolve(NODES, from_file(path))
    assert fault in str(refused.value) and str(path) in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere.yaml"):
        from_file(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("text", ["task", "task=lift_cube", ":=1", "a b:=1"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="name:=value"):
        assignment(text)
