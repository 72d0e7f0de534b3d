"""The launch files under the real ``launch`` and ``launch_ros``, with real processes."""

from __future__ import annotations

import importlib
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from rcl_interfaces.srv import GetParameters

from robolearn.nodes.link import Link
from robolearn.nodes.table import NODES, entry
from robolearn.nodes.topics import Service
from robolearn.nodes.up.setups import SETUPS
from tests.house.tree import ROOT
from tests.launch.test_files import listed_scripts
from tests.nodes.processes import PATIENCE_S, eventually, own_network

ARGUMENTS = {"station", "task", "namespace", "use_sim_time", "log_level", "run", "params_file", "nodes"}
GIVEN = {"station": "so101_twin", "task": "lift_cube", "namespace": "left", "log_level": "warn"}
PARAMETERS = ROOT / "tests/launch/parameters.yaml"
MORE = {"practice": {"run": "runs/x", "nodes": "reward_node recorder_node"}}


@pytest.fixture(scope="module")
def ros() -> types.SimpleNamespace:
    """The two packages; composition_interfaces, which one of them imports, is stubbed if it is not there."""
    if importlib.util.find_spec("composition_interfaces") is None:
        services = types.ModuleType("composition_interfaces.srv")
        services.LoadNode = types.SimpleNamespace(Request=object, Response=object)
        sys.modules["composition_interfaces"] = types.ModuleType("composition_interfaces")
        sys.modules["composition_interfaces"].srv = services
        sys.modules["composition_interfaces.srv"] = services
    why = "launch and launch_ros come with an installation of ROS 2, or from their sources on PYTHONPATH"
    actions = pytest.importorskip("launch_ros.actions", reason=why)
    return types.SimpleNamespace(launch=importlib.import_module("launch"), Node=actions.Node)


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What colcon would have installed."""
    index, scripts = tmp_path / "share/ament_index/resource_index/packages", tmp_path / "lib/robolearn"
    index.mkdir(parents=True)
    scripts.mkdir(parents=True)
    (index / "robolearn").touch()
    for name in listed_scripts():
        script = scripts / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m robolearn.nodes.{name} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    return tmp_path


def described(ros: types.SimpleNamespace, setup: str) -> Any:
    sources = importlib.import_module("launch.launch_description_sources")
    return sources.get_launch_description_from_python_launch_file(str(ROOT / "launch" / f"{setup}.launch.py"))


def nodes_of(ros: types.SimpleNamespace, setup: str, given: dict[str, str]) -> list[Any]:
    """What the launch file starts for these arguments."""
    context = ros.launch.LaunchContext()
    context.launch_configurations.update(given)
    entities = [one for one in described(ros, setup).entities if isinstance(one, ros.launch.actions.OpaqueFunction)]
    return [node for entity in entities for node in entity.execute(context)]


@pytest.mark.parametrize("setup", SETUPS)
def test_a_launch_file_loads_and_tells_its_arguments(ros: types.SimpleNamespace, setup: str) -> None:
    arguments = {argument.name: argument for argument in described(ros, setup).get_launch_arguments()}
    assert set(arguments) == ARGUMENTS
    assert [name for name, argument in arguments.items() if argument.default_value is None] == ["station"]


@pytest.mark.parametrize("setup", SETUPS)
def test_every_executable_that_is_named_is_a_console_script(ros: types.SimpleNamespace, setup: str) -> None:
    devices = {"params_file": str(PARAMETERS)}
    nodes = nodes_of(ros, setup, {**GIVEN, **MORE.get(setup, {}), **devices})
    assert {node.node_package for node in nodes} == {"robolearn"}
    executables = [node.node_executable for node in nodes]
    assert executables and set(executables) <= listed_scripts() == {node.name for node in NODES}
    assert len(executables) == len(set(executables))


def test_a_node_is_killed_no_sooner_than_its_entry_says(ros: types.SimpleNamespace) -> None:
    substitutions = importlib.import_module("launch.utilities")
    nodes = nodes_of(ros, "practice", {**GIVEN, **MORE["practice"], "params_file": str(PARAMETERS)})
    given_s = {
        node.node_executable: float(
            substitutions.perform_substitutions(ros.launch.LaunchContext(), node.sigterm_timeout)
        )
        for node in nodes
    }
    assert given_s == {name: entry(name).end_patience_s for name in given_s} and "learner_node" in given_s


@pytest.fixture
def network(prefix: Path) -> Iterator[None]:
    with own_network():
        yield


@pytest.mark.timeout(300)
def test_the_arguments_reach_the_nodes_that_run(ros: types.SimpleNamespace, network: None, prefix: Path) -> None:
    parameters = prefix / "parameters.yaml"
    parameters.write_text("/**/safety_node: {ros__parameters: {sources: mine}}\n", encoding="utf-8")
    service = ros.launch.LaunchService(noninteractive=True)
    given = {**GIVEN, "params_file": str(parameters)}
    source = ros.launch.launch_description_sources.PythonLaunchDescriptionSource(str(ROOT / "launch/twin.launch.py"))
    include = ros.launch.actions.IncludeLaunchDescription(source, launch_arguments=given.items())
    service.include_launch_description(ros.launch.LaunchDescription([include]))
    found: dict[str, list[Any]] = {}
    watcher = threading.Thread(target=observe, args=(found, service, prefix))
    watcher.start()
    assert service.run() == 0
    watcher.join()
    assert found["safety_node"] == ["so101_twin", "lift_cube", "mine", True] == found["safety_node again"]
    assert found["twin_node"] == ["so101_twin", "lift_cube"]


def observe(found: dict[str, list[Any]], service: Any, prefix: Path) -> None:
    """Ask the running nodes for their parameters, also one that has been killed, and end the launch."""
    asked = ("safety_node", "station", "task", "sources", "use_sim_time")
    try:
        found["twin_node"] = values("twin_node", "station", "task")
        found["safety_node"] = values(*asked)
        victim = process_of("safety_node", prefix)
        victim.kill()
        eventually(lambda: process_of("safety_node", prefix) not in (None, victim), "the gate to be back")
        found["safety_node again"] = values(*asked)
    finally:
        service.shutdown()


def process_of(node: str, prefix: Path) -> psutil.Process | None:
    """The process that this launch has started for a node."""
    words = {f"robolearn.nodes.{node}", "__ns:=/left"}
    everything = psutil.process_iter(["cmdline", "environ"])
    own = (one for one in everything if (one.info["environ"] or {}).get("AMENT_PREFIX_PATH") == str(prefix))
    return next((one for one in own if words <= set(one.info["cmdline"] or ())), None)


def values(node: str, *names: str) -> list[Any]:
    """Parameters of a node; whoever has joined just now does not ask one that has died."""
    asked = Service(f"{node}/get_parameters", "rcl_interfaces/srv/GetParameters", "")
    with closing(Link("test", "left", PATIENCE_S)) as link:
        answer = link.call(asked, GetParameters.Request(names=list(names))).values
    return [one.bool_value if one.type == 1 else one.string_value for one in answer]
