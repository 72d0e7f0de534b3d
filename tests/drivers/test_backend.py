"""A station of real devices is made of what its file says, and of nothing else."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from dataclasses import replace

import pytest

from drivers import backend
from drivers.ask_scene import AskScene
from drivers.clock import RealClock
from drivers.free_scene import FreeConfig, FreeScene
from drivers.table import ARMS, CAMERAS, SCENES, TELEOPS, Cell
from robolearn import config
from robolearn.actions import ACTION_NAMES
from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Clock
from robolearn.descriptions import description
from robolearn.errors import ConfigError, DeviceError
from robolearn.station import StationConfig
from tests.contract.clock import ClockContract
from tests.house.tree import ROOT
from tests.sim.cells import STATION

TASK = load_task("cube_in_bin")
CELL = Cell(
    "desk", TASK.name, TASK.instruction, description("so101"), STATION.joint_names, STATION.control_hz,
    STATION.action, STATION.limits, RealClock(),
)  # fmt: skip


class TestRealClock(ClockContract):
    """The operating system's clock."""

    def make(self) -> Clock:
        """A new clock."""
        return RealClock()


def station_with(devices: str) -> StationConfig:
    """The twin's station without cameras, made of ``devices`` (YAML)."""
    text = (ROOT / "configs" / "stations" / "so101_twin.yaml").read_text().replace("backend: twin", "backend: drivers")
    return replace(config.parse(f"{text}\ndevices:\n{devices}", StationConfig, "desk"), cameras={})


def test_a_station_without_devices_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="needs a section 'devices'"):
        open_station(replace(STATION, backend="drivers"), TASK)


@pytest.mark.parametrize(
    ("devices", "fault"),
    [
        ("  arm: {driver: fetech}\n  cameras: {}\n  teleop: {}\n  scene: {}", "unknown arm driver 'fetech'"),
        ("  arm: {port: /dev/x}\n  cameras: {}\n  teleop: {}\n  scene: {}", ":[0-9]+: devices.arm: missing: 'driver'"),
        ("  arm: {}\n  cameras: {}\n  teleop: {}", "missing: 'scene'"),
        ("  arm: {driver: feetech}\n  cameras: {front: {}}\n  teleop: {}\n  scene: {}", "they must be the same"),
    ],
)  # fmt: skip
def test_a_fault_in_the_section_of_devices_is_named(devices: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        backend.world(station_with(devices), TASK)


TABLES = {"arm": ARMS, "camera": CAMERAS, "teleop": TELEOPS, "scene": SCENES}


@pytest.mark.parametrize(("kind", "names"), TABLES.items())
def test_every_driver_of_the_tables_is_there(kind: str, names: Mapping[str, str]) -> None:
    for module in names.values():
        assert callable(getattr(importlib.import_module(module), kind)), module


def test_a_person_is_asked_to_bring_the_cell_to_its_start() -> None:
    questions = io.StringIO()
    assert AskScene(CELL, io.StringIO("\n"), questions).reset(seed=0, stopped=None) == {}
    assert TASK.instruction in questions.getvalue() and "stopped" not in questions.getvalue()


def test_a_person_is_told_why_the_arm_has_stopped_before_their_answer_re_arms_it() -> None:
    questions = io.StringIO()
    AskScene(CELL, io.StringIO("\n"), questions).reset(seed=0, stopped="servo of elbow: overload")
    assert "stopped (servo of elbow: overload): make it safe" in questions.getvalue()


def test_nobody_re_arms_a_stopped_arm_in_a_scene_that_nobody_looks_at() -> None:
    scene = FreeScene(FreeConfig(rearms_unseen=False))
    assert scene.reset(seed=0, stopped="protective stop") == {}, "a person has just started the program"
    assert scene.reset(seed=1, stopped=None) == {}
    with pytest.raises(DeviceError, match=r"the arm has stopped \(protective stop\), and nobody looks"):
        scene.reset(seed=2, stopped="protective stop")
    virtual = FreeScene(FreeConfig(rearms_unseen=True))
    assert virtual.reset(seed=0, stopped=None) == virtual.reset(seed=1, stopped="unplugged") == {}


def test_a_cell_that_nobody_can_reset_is_said() -> None:
    with pytest.raises(DeviceError, match="nobody at the terminal"):
        AskScene(CELL, io.StringIO(""), io.StringIO()).reset(seed=0, stopped=None)


@pytest.mark.parametrize("name", ["so101", "so101_virtual", "dynamixel_virtual"])
def test_a_shipped_station_has_every_device_of_its_file(name: str) -> None:
    station = load_station(name)
    world = backend.world(station, TASK)
    (arm,) = world.arms.values()
    station.limits.narrow(arm.spec)
    assert set(world.cameras) == {"front", "wrist"} and backend.person(world, station).action_names == ACTION_NAMES
    world.close()
