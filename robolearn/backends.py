"""Open a station by name: its YAML says which backend makes its world, and the backend is looked up by that word."""

from __future__ import annotations

import importlib
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol, cast

from robolearn import config
from robolearn.contracts import Teleop, World
from robolearn.descriptions import description
from robolearn.errors import ConfigError, unknown
from robolearn.kinematics import Kinematics
from robolearn.station import Station, StationConfig
from robolearn.task import TaskConfig

BACKENDS = {"twin": "sim.backend", "drivers": "drivers.backend", "ros": "robolearn.nodes.backend"}


class Backend(Protocol):
    """What a backend module offers."""

    def world(self, station: StationConfig, task: TaskConfig) -> World:
        """Make the devices of a station; they are not connected yet. Raises ConfigError."""

    def person(self, world: World, station: StationConfig) -> Teleop:
        """Somebody who drives the arm. Raises ConfigError if the backend has nobody."""

    def onlooker(self, world: World, station: StationConfig, stall_s: float, patience_s: float) -> Teleop:
        """Somebody who watches, and takes over when nothing gets on for ``stall_s``, or after ``patience_s``."""


def load_station(name: str, backend: str | None = None) -> StationConfig:
    """Station file by name or path; ``backend``, if given, comes before the one in the file. Raises ConfigError."""
    station = config.load(config.find("stations", name), StationConfig)
    if backend is not None and backend not in BACKENDS:
        raise ConfigError(unknown("backend", backend, BACKENDS))
    return station if backend is None else replace(station, backend=backend)


def load_task(name: str) -> TaskConfig:
    """Task file by name or path. Raises ConfigError."""
    return config.load(config.find("tasks", name), TaskConfig)


def backend_of(station: StationConfig) -> Backend:
    """The module behind the station's ``backend`` key. Raises ConfigError."""
    if station.backend not in BACKENDS:
        raise ConfigError(f"station {station.name}: {unknown('backend', station.backend, BACKENDS)}")
    try:
        return cast(Backend, importlib.import_module(BACKENDS[station.backend]))
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the {station.backend} backend needs {error.name}, which is not installed here. "
            "An extra of robolearn brings it, in the checkout: pip install -e '.[ros]' for ROS 2"
        ) from error


def open_station(station: StationConfig, task: TaskConfig) -> Station:
    """A connected station; close it when done. Raises ConfigError and DeviceError, and then nothing is left open."""
    kinematics = Kinematics(description(station.description), station.joint_names)
    world = backend_of(station).world(station, task)
    with ExitStack() as undo:
        undo.callback(world.close)
        opened = Station(station, world, kinematics)
        opened.connect()
        undo.pop_all()
    return opened
