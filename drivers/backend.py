"""The door to real devices for stations with ``backend: drivers``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers import table
from drivers.ask_scene import AskScene
from drivers.clock import RealClock
from drivers.table import Cell, Scene
from robolearn.config import Section
from robolearn.contracts import Arm, Camera, Clock, Teleop, World
from robolearn.descriptions import description
from robolearn.errors import ConfigError
from robolearn.station import StationConfig
from robolearn.task import TaskConfig


@dataclass(frozen=True)
class DevicesConfig:
    """The ``devices`` section of a station: each part names its driver, and has that driver's settings beside it."""

    arm: Section
    cameras: Mapping[str, Section]
    teleop: Section
    scene: Section


@dataclass(frozen=True)
class RealWorld:
    """Implements ``World``: the devices of one cell on real time."""

    clock: Clock
    arms: Mapping[str, Arm]
    cameras: Mapping[str, Camera]
    scene: Scene
    cell: Cell

    def question(self, stopped: str | None) -> str | None:
        """What a person is asked for before an episode; None if the scene needs nobody."""
        return self.scene.question(stopped) if isinstance(self.scene, AskScene) else None

    def reset(self, seed: int) -> Mapping[str, Any]:
        """As the station's scene says. Raises DeviceError."""
        (arm,) = self.arms.values()
        return self.bring(seed, arm.fault)

    def bring(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """The same for an arm that somebody else has opened, and that is ``stopped`` for a reason, or is not."""
        return self.scene.reset(seed, stopped)

    def succeeded(self) -> bool | None:
        """None, except in a virtual cell."""
        return self.scene.succeeded()

    def close(self) -> None:
        """Let go of the scene; the station closes the devices."""
        self.scene.close()


def world(station: StationConfig, task: TaskConfig) -> World:
    """The devices of the station, not connected yet. Raises ConfigError."""
    devices = _devices(station)
    if set(devices.cameras) != set(station.cameras):
        raise ConfigError(
            f"station {station.name}: devices has the cameras {sorted(devices.cameras)}, the station "
            f"{sorted(station.cameras)}: they must be the same"
        )
    clock = RealClock()
    cell = cell_of(station, task, clock)
    arm: Arm = table.make("arm", table.ARMS, devices.arm, cell)
    cameras: dict[str, Camera] = {
        spec.name: table.make("camera", table.CAMERAS, devices.cameras[spec.name], spec, cell)
        for spec in station.camera_specs()
    }
    return RealWorld(clock, {arm.spec.name: arm}, cameras, table.make("scene", table.SCENES, devices.scene, cell), cell)


def cell_of(station: StationConfig, task: TaskConfig, clock: Clock) -> Cell:
    """What drivers may know of a station."""
    return Cell(
        station.name, task.name, task.instruction, description(station.description), station.joint_names,
        station.control_hz, station.action, station.limits, clock,
    )  # fmt: skip


def person(world: World, station: StationConfig) -> Teleop:
    """Whoever drives with the station's teleoperation device. Raises ConfigError."""
    if not isinstance(world, RealWorld):
        raise ConfigError(f"station {station.name}: its teleoperation device belongs to the drivers backend")
    (arm,) = world.arms.values()
    teleop: Teleop = table.make("teleop", table.TELEOPS, _devices(station).teleop, world.cell, arm)
    return teleop


def onlooker(world: World, station: StationConfig, stall_s: float, patience_s: float) -> Teleop:
    """The same person: a real one decides alone when to help."""
    return person(world, station)


def _devices(station: StationConfig) -> DevicesConfig:
    if station.devices is None:
        raise ConfigError(f"station {station.name}: a station with 'backend: drivers' needs a section 'devices'")
    return station.devices.read(DevicesConfig)
