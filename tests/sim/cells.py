"""Twin cells for the tests of this room: the shipped station, blind where no picture is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from robolearn import config
from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Action
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.station import Station
from robolearn.task import TaskConfig
from sim import backend
from sim.config import TwinTask
from sim.demonstrator import Demonstrator
from sim.world import TwinWorld

STATION = load_station("so101_twin")
OTHER_CELLS = ("peg_insert",)
TASKS = tuple(name for name in config.names("tasks") if name not in OTHER_CELLS)


def twin_task(name: str) -> TwinTask:
    """The twin's side of a shipped task."""
    return load_task(name).twin.read(TwinTask)


@contextmanager
def blind_cell(task: TaskConfig) -> Iterator[tuple[Station, TwinWorld]]:
    """A station whose arm is connected and whose cameras are not, so that nothing is rendered."""
    world = backend.world(STATION, task)
    assert isinstance(world, TwinWorld)
    station = Station(STATION, world, Kinematics(description(STATION.description), STATION.joint_names))
    station.arm.connect()
    yield station, world
    station.close()


@contextmanager
def seeing_cell(task: TaskConfig) -> Iterator[tuple[Station, TwinWorld]]:
    """A station with everything connected."""
    station = open_station(STATION, task)
    assert isinstance(station.world, TwinWorld)
    yield station, station.world
    station.close()


def ticks_to_success(station: Station, person: Demonstrator, seed: int, time_limit_s: float) -> int | None:
    """Drive one episode; ticks until the person calls it a success, None if time runs out."""
    station.reset(seed)
    person.begin(seed)
    for tick in range(round(time_limit_s * STATION.policy_hz)):
        reading = person.read()
        if reading.event.value == "success":
            return tick
        station.act(Action(reading.action))
    return None
