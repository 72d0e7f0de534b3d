"""Which nodes make up a cell, and what each is started with: the supervisor and the launch files both start these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from robolearn.backends import load_station
from robolearn.errors import ConfigError, unknown
from robolearn.nodes import topics
from robolearn.nodes.table import Needed, NodeEntry, entry
from robolearn.nodes.up.rules import Rule, argument, resolve
from robolearn.station import StationConfig

NAMESPACE = re.compile(r"(/[A-Za-z_]\w*)*")
TWIN = "twin"


@dataclass(frozen=True)
class Setup:
    """Nodes that are started together. Of the devices those are left out that the station does not have."""

    name: str
    meaning: str
    nodes: tuple[str, ...]


CELL = ("twin_node", "arm_node", "camera_node", "scene_node", "safety_node", "supervisor_node")
SETUPS = {
    setup.name: setup
    for setup in (
        Setup("cell", "the station's devices behind the safety gate", CELL),
        Setup(TWIN, "the cell, with the twin in place of its devices", CELL),
        Setup("practice", "the cell, an actor that practises and a learner", (*CELL, "actor_node", "learner_node")),
        Setup(
            "record", "the cell, a person's device and a recorder of messages", (*CELL, "teleop_node", "recorder_node")
        ),
    )
}


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to be started."""

    setup: str
    station: str  # name or file
    namespace: str = ""
    rules: tuple[Rule, ...] = ()
    others: tuple[str, ...] = ()  # nodes besides those of the setup


@dataclass(frozen=True)
class Start:
    """One process to be started."""

    entry: NodeEntry
    name: str
    namespace: str
    parameters: Mapping[str, Any]


def starts(wanted: Wanted) -> tuple[Start, ...]:
    """The processes that make up what is ``wanted``. Raises ConfigError for what is unknown or missing."""
    if wanted.setup not in SETUPS:
        raise ConfigError(unknown("setup", wanted.setup, SETUPS))
    namespace = absolute(wanted.namespace)
    station = load_station(wanted.station)
    is_twin = TWIN in (wanted.setup, station.backend)
    names = [name for name in SETUPS[wanted.setup].nodes if _belongs(entry(name), is_twin)]
    nodes = dict(_processes([*names, *wanted.others], station))
    full = {f"{namespace.rstrip('/')}/{name}": node for name, (node, _) in nodes.items()}
    given = resolve(full, (*wanted.rules, argument("station", wanted.station)))
    return tuple(
        _start(name, node, namespace, {**_own(node, is_twin), **own, **values})
        for (name, (node, own)), values in zip(nodes.items(), given.values(), strict=True)
    )


def absolute(namespace: str) -> str:
    """A namespace as nodes have it, "/" for none. Raises ConfigError if it cannot be one."""
    full = f"/{namespace.strip('/')}".rstrip("/")
    if not NAMESPACE.fullmatch(full):
        raise ConfigError(f"namespace {namespace!r}: needs letters, digits and _, and no digit first; / between parts")
    return full or "/"


def _belongs(node: NodeEntry, is_twin: bool) -> bool:
    return node.needed is Needed.ALWAYS or (node.needed is Needed.TWIN) == is_twin


def _processes(names: list[str], station: StationConfig) -> Iterator[tuple[str, tuple[NodeEntry, dict[str, Any]]]]:
    """Name, node and own parameters of each process."""
    for name in names:
        node = entry(name)
        if node.per_camera:
            yield from ((f"{name}_{camera}", (node, {"camera": camera})) for camera in station.cameras)
        else:
            yield name, (node, {})


def _own(node: NodeEntry, is_twin: bool) -> dict[str, Any]:
    """Where there is a twin, its time is that of all others."""
    return {"use_sim_time": True} if is_twin and topics.CLOCK not in node.publishes else {}


def _start(name: str, node: NodeEntry, namespace: str, values: dict[str, Any]) -> Start:
    for parameter in node.parameters:
        if parameter.default is None and parameter.name not in values:
            raise ConfigError(
                f"{name}: parameter {parameter.name!r} ({parameter.meaning}) is missing. Give it in a parameter file, "
                f"or to robolearn up with: -p {parameter.name}:=..."
            )
    return Start(node, name, namespace, values)
