"""The door to the graph for stations with ``backend: ros``."""

from __future__ import annotations

import os
from contextlib import ExitStack

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import Teleop, World
from robolearn.errors import ConfigError
from robolearn.nodes import network, topics
from robolearn.nodes.link import Link
from robolearn.nodes.world import RosWorld
from robolearn.station import StationConfig
from robolearn.task import TaskConfig

CLIENT = "robolearn_station"
SOURCE = "actor"  # as what a station commands


def world(station: StationConfig, task: TaskConfig) -> World:
    """The cell whose nodes run in the namespace ROS_NAMESPACE, or in none. Raises DeviceError if they do not answer."""
    link = Link(CLIENT, os.environ.get(network.NAMESPACE, ""))
    with ExitStack() as undo:
        undo.callback(link.close)
        cell = RosWorld(link, station.camera_specs(), topics.SAFETY.of(SOURCE))
        undo.pop_all()
    return cell


def person(world: World, station: StationConfig) -> Teleop:
    """Whoever drives over the graph. Raises ConfigError if the world is another one's."""
    if not isinstance(world, RosWorld):
        raise ConfigError("a person over ROS needs the ros backend")
    return world.teleop(ACTION_NAMES)


def onlooker(world: World, station: StationConfig, stall_s: float, patience_s: float) -> Teleop:
    """Whoever watches over the graph; how patient they are is said where their node is started."""
    return person(world, station)
