"""A cell on a graph of its own: the twin as a process, and its world in this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from robolearn.backends import load_station
from robolearn.nodes.link import Link
from robolearn.nodes.topics import ArmTopics
from robolearn.nodes.world import RosWorld
from tests.nodes.processes import PATIENCE_S, NodeProcess

STATION = load_station("so101_twin")
CELL = {"station": "so101_twin", "task": "lift_cube"}
ANSWER_S = 10.0  # a slow machine may take so long


def twin(folder: Path, *words: str, **parameters: object) -> NodeProcess:
    """A twin node."""
    return NodeProcess(folder / "twin.log", "twin_node", *words, **{**CELL, **parameters})


def safety(folder: Path, **parameters: object) -> NodeProcess:
    """A safety node."""
    return NodeProcess(folder / "safety.log", "safety_node", **{**CELL, "answer_s": ANSWER_S, **parameters})


@contextmanager
def world(through: ArmTopics, namespace: str = "") -> Iterator[RosWorld]:
    """The world of the cell that is being started, as soon as it answers."""
    with closing(Link("test", namespace, PATIENCE_S)) as link:
        opened = RosWorld(link, STATION.camera_specs(), through)
        link.patience_s = ANSWER_S
        yield opened


def naming(newest: Mapping[str, dict[str, str]], fault: str) -> dict[str, str] | None:
    """The report of the gate, once its last error is this one."""
    report = newest.get("safety_node", {"last_error": ""})
    return report if fault in report["last_error"] else None
