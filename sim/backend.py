"""The door to the twin for stations with ``backend: twin``."""

from __future__ import annotations

from robolearn.contracts import Teleop, World
from robolearn.errors import ConfigError
from robolearn.station import StationConfig
from robolearn.task import TaskConfig
from sim.config import TwinTask
from sim.demonstrator import Demonstrator
from sim.onlooker import Onlooker
from sim.world import TwinWorld


def world(station: StationConfig, task: TaskConfig) -> World:
    """A twin of the station with the scene of the task. Raises ConfigError."""
    return TwinWorld(station.camera_specs(), station.control_hz, task.twin.read(TwinTask))


def person(world: World, station: StationConfig) -> Teleop:
    """The scripted demonstrator. Raises ConfigError if the world is not a twin."""
    return _demonstrator(world, station)


def onlooker(world: World, station: StationConfig, stall_s: float, patience_s: float) -> Teleop:
    """The same person, who watches, and helps when nothing gets on for ``stall_s``, or after ``patience_s``.

    Raises ConfigError if the world is not a twin."""
    demonstrator = _demonstrator(world, station)
    return Onlooker(demonstrator.world, demonstrator, stall_s, patience_s)


def _demonstrator(world: World, station: StationConfig) -> Demonstrator:
    if not isinstance(world, TwinWorld):
        raise ConfigError("the scripted demonstrator needs a twin: it looks into its scene")
    return Demonstrator(world, station.action)
