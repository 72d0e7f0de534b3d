"""The door to the twin for stations with ``backend: twin``."""

from __future__ import annotations

from calibration import artefacts
from calibration.identification import TwinParameters
from robolearn.contracts import Teleop, World
from robolearn.errors import ConfigError
from robolearn.station import StationConfig
from robolearn.task import TaskConfig
from sim import identification
from sim.config import TwinTask
from sim.demonstrator import Demonstrator
from sim.onlooker import Onlooker
from sim.peg.config import PegTask
from sim.peg.demonstrator import PegDemonstrator
from sim.peg.world import PegWorld
from sim.world import TwinWorld

PEG_ARM = "ur5e_2f85"  # its cell holds a peg and a block; every other one a cube and a bin


def world(station: StationConfig, task: TaskConfig) -> World:
    """A twin of the station with the scene of the task. Raises ConfigError."""
    if station.description == PEG_ARM:
        return PegWorld(station.camera_specs(), station.control_hz, task.twin.read(PegTask))
    twin = TwinWorld(station.camera_specs(), station.control_hz, task.twin.read(TwinTask))
    _identify(twin, station)
    return twin


def _identify(twin: TwinWorld, station: StationConfig) -> None:
    """Give the twin the joints and servos of the real arm, if the station's calibrations hold them."""
    if station.calibration is None:
        return
    folder = artefacts.folder_of(station.name, station.calibration)
    found = artefacts.find(folder, station.description, TwinParameters)
    if found is not None:
        identification.apply(found.result, twin.scene.model)


def person(world: World, station: StationConfig) -> Teleop:
    """The scripted demonstrator. Raises ConfigError if the world is not a twin."""
    if isinstance(world, PegWorld):
        return PegDemonstrator(world, station.action)
    return _demonstrator(world, station)


def onlooker(world: World, station: StationConfig, stall_s: float, patience_s: float) -> Teleop:
    """The same person, who watches, and helps when nothing gets on for ``stall_s``, or after ``patience_s``.

    Raises ConfigError if the world is not a twin."""
    demonstrator = _demonstrator(world, station)
    return Onlooker(demonstrator.world, demonstrator, stall_s, patience_s)


def _demonstrator(world: World, station: StationConfig) -> Demonstrator:
    if not isinstance(world, TwinWorld):
        raise ConfigError(f"station {station.name}: nobody helps in this cell; only in a twin of the cube's")
    return Demonstrator(world, station.action)
