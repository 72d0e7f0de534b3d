"""What a station's file or a file of ``configs/teleops`` describes is made, and several devices make one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers import table
from drivers.backend import cell_of
from drivers.clock import RealClock
from drivers.table import Cell
from drivers.together import Together
from robolearn import config
from robolearn.backends import load_task
from robolearn.config import Section
from robolearn.contracts import Camera, Teleop, TeleopEvent, TeleopReading
from robolearn.errors import ConfigError, DeviceError
from tests.contract.fake_arm import FakeArm, SteppedClock
from tests.drivers.pictures import SPEC
from tests.sim.cells import STATION

LOCKED = "exposure: 156, gain: 0, white_balance_k: 4600"
SECTIONS = {
    "file": "{driver: file, path: film.avi}",
    "realsense": f"{{driver: realsense, {LOCKED}, serial: '123'}}",
    "stream": "{driver: stream, url: 'rtsp://camera/1', frozen_s: null}",
    "v4l2": f"{{driver: v4l2, device: /dev/v4l/by-id/front, {LOCKED}, focus: null}}",
}


def cell() -> Cell:
    return cell_of(STATION, load_task("lift_cube"), RealClock())


def section(text: str) -> Section:
    return config.parse(text, Section, "station.yaml")


def test_there_is_a_section_for_each_camera_driver() -> None:
    assert set(SECTIONS) == set(table.CAMERAS)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_camera_is_made_from_its_section_with_the_size_of_the_station(name: str) -> None:
    camera = table.make("camera", table.CAMERAS, section(SECTIONS[name]), SPEC, cell())
    assert isinstance(camera, Camera) and camera.spec == SPEC
    with pytest.raises(DeviceError, match="not connected"):
        camera.read()


@pytest.mark.parametrize("name", config.names("teleops"))
def test_every_device_that_ships_as_a_file_can_be_made(name: str) -> None:
    described = config.load(config.find("teleops", name), Section)
    device = table.make("teleop", table.TELEOPS, described, cell(), FakeArm(SteppedClock()))
    assert isinstance(device, Teleop) and device.action_names == ("vx", "vy", "vz", "wz", "gripper")
    with pytest.raises(DeviceError):
        device.read()


def test_a_misspelt_driver_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"unknown camera driver 'v4l'. Did you mean 'v4l2'\?"):
        table.make("camera", table.CAMERAS, section("{driver: v4l}"), SPEC, cell())


class Device:
    """A device that says one thing."""

    action_names = ("vx", "vy", "vz", "wz", "gripper")

    def __init__(self, vx: float, event: TeleopEvent, works: bool = True) -> None:
        self.vx, self.event, self.works = vx, event, works
        self.is_open = False
        self.gripper: float | None = None

    def connect(self) -> None:
        """Or not."""
        if not self.works:
            raise DeviceError("unplugged")
        self.is_open = True

    def close(self) -> None:
        """Any time."""
        self.is_open = False

    def begin(self, seed: int) -> None:
        """Nothing to forget."""

    def keep_gripper(self, value: float) -> None:
        """Note it."""
        self.gripper = value

    def read(self) -> TeleopReading:
        """Always the same."""
        return TeleopReading(0, self.vx != 0.0, np.array([self.vx, 0, 0, 0, 0], np.float32), self.event)


def test_of_several_devices_the_first_that_moves_drives_and_any_may_label() -> None:
    still, moving = Device(0.0, TeleopEvent.SUCCESS), Device(0.5, TeleopEvent.NONE)
    both = Together([still, moving])
    both.connect()
    both.keep_gripper(0.4)
    reading = both.read()
    assert (float(reading.action[0]), reading.engaged, reading.event) == (0.5, True, TeleopEvent.SUCCESS)
    assert (still.gripper, moving.gripper) == (0.4, 0.4)
    both.close()
    assert not still.is_open and not moving.is_open


def test_if_one_of_several_devices_fails_none_stays_open() -> None:
    sound = Device(0.0, TeleopEvent.NONE)
    with pytest.raises(DeviceError, match="unplugged"):
        Together([sound, Device(0.0, TeleopEvent.NONE, works=False)]).connect()
    assert not sound.is_open


def test_a_library_that_is_not_installed_is_named_with_the_extras_that_bring_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lacking_driver.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"needs no_such_library, .* pip install -e '.\[arms,inputs\]'"):
        table.make("camera", {"lacking": "lacking_driver"}, section("{driver: lacking}"), SPEC, cell())
