"""The real devices of a station, for the nodes that serve one of them each."""

from __future__ import annotations

from robolearn.backends import backend_of, load_station, load_task
from robolearn.contracts import World
from robolearn.errors import ConfigError
from robolearn.nodes.base import TableNode
from robolearn.station import StationConfig

REAL = "drivers"


def real_cell(node: TableNode) -> tuple[StationConfig, World]:
    """The station that ``node`` was started for, and its devices, not connected yet. Raises ConfigError."""
    station = load_station(node.text("station"))
    if station.backend != REAL:
        raise ConfigError(
            f"{node.entry.name} serves a device of a station with 'backend: {REAL}'; {station.name} has "
            f"'backend: {station.backend}'. For a twin, start twin_node"
        )
    return station, backend_of(station).world(station, load_task(node.text("task")))
