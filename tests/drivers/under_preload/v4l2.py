"""Tests of the USB camera for a process that sees virtual device files: run by ``tests/drivers/test_v4l2.py``."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.camera import DrainedCamera
from drivers.clock import RealClock
from drivers.v4l2 import SILENCE_S, V4l2Config, V4l2Source
from robolearn.backends import load_station
from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import DeviceError
from sim.wire.camera_faults import CameraFaults, faulty
from sim.wire.v4l2 import uapi
from sim.wire.v4l2.server import V4l2Cameras
from tests.contract.camera import CameraContract, CameraRig
from tests.drivers.emulators import emulating
from tests.drivers.pictures import SPEC, Scene
from tests.drivers.wired_camera import Wired

LOCKED = V4l2Config(device="", exposure=150, gain=10, white_balance_k=4600, focus=30, frozen_s=1.0)
STILL = replace(LOCKED, frozen_s=None)
QUERY = next(code for code, request in uapi.REQUESTS.items() if request.name == "QUERYCAP")
PROGRAMS = 100
FIRST = 3  # of the descriptors after the standard ones: where it is kept, Python closes the others one by one


@contextmanager
def plugged(folder: Path, scene: Callable[[], Frame]) -> Iterator[CameraFaults]:
    """A virtual webcam at ``folder / "front"``, and what is wrong with it."""
    faults = CameraFaults()
    with V4l2Cameras(faulty({"front": scene}, {"front": faults}), [SPEC], folder):
        yield faults


def driver(device: Path, config: V4l2Config = LOCKED, spec: CameraSpec = SPEC) -> DrainedCamera:
    config = replace(config, device=str(device))
    return DrainedCamera(spec, V4l2Source(config, spec, RealClock()), config.frozen_s)


@contextmanager
def connected(camera: DrainedCamera) -> Iterator[DrainedCamera]:
    """Until the end."""
    camera.connect()
    try:
        yield camera
    finally:
        camera.close()


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    with plugged(tmp_path, Scene()) as faults, connected(driver(tmp_path / "front")) as camera:
        yield Wired(camera, faults)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Device file of a camera of the twin, served by a process of its own."""
    folder = tmp_path_factory.mktemp("devices")
    with emulating(folder, "v4l2", "--folder", str(folder)):
        yield folder / "front"


class TestUsbCamera(CameraContract):
    """The driver keeps the rules of a camera."""

    @pytest.fixture(autouse=True)
    def on_the_emulator(self, emulated: Path) -> None:
        """What :meth:`make` opens."""
        self.device = emulated

    def make(self) -> CameraRig:
        """A driver on the virtual camera."""
        (spec,) = [spec for spec in load_station("so101_twin").camera_specs() if spec.name == "front"]
        return CameraRig(driver(self.device, STILL, spec), RealClock(), 1_000_000, lambda: None)


def gradient() -> Frame:
    """A picture of every brightness."""
    across, down = np.meshgrid(np.linspace(0, 255, SPEC.width), np.linspace(0, 255, SPEC.height))
    return Frame(time.monotonic_ns(), np.stack([across, down, 255 - across], axis=2).astype(np.uint8))


@pytest.mark.parametrize("pixels", ["MJPG", "YUYV"])
def test_the_picture_that_comes_is_the_one_that_was_sent(tmp_path: Path, pixels: str) -> None:
    how = replace(STILL, pixels=pixels)
    with plugged(tmp_path, gradient), connected(driver(tmp_path / "front", how)) as camera:
        came = camera.read().rgb
    assert np.abs(came.astype(int) - gradient().rgb).mean() < 4


def test_the_stamp_is_that_of_the_exposure(tmp_path: Path) -> None:
    stamps = []

    def scene() -> Frame:
        frame = gradient()
        stamps.append(frame.stamp_ns)
        return frame

    with plugged(tmp_path, scene), connected(driver(tmp_path / "front", STILL)) as camera:
        stamp_ns = camera.read().stamp_ns
    assert min(abs(stamp_ns - exposed_ns) for exposed_ns in stamps) < 2000


def test_the_exposure_of_the_file_is_the_cameras(tmp_path: Path) -> None:
    brightness = {}
    for exposure in (75, 150):
        how = replace(STILL, exposure=exposure)
        with plugged(tmp_path, gradient), connected(driver(tmp_path / "front", how)) as camera:
            brightness[exposure] = camera.read().rgb.mean()
    assert brightness[75] / brightness[150] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("config", "spec", "told"),
    [
        (replace(LOCKED, exposure=5000), SPEC, "exposure: asked for 5000, the camera keeps 2047"),
        (replace(LOCKED, focus=12), SPEC, "focus: asked for 12, the camera keeps 10"),
        (replace(LOCKED, white_balance_k=1000), SPEC, "white_balance_k: asked for 1000, the camera keeps 2000"),
        (LOCKED, replace(SPEC, width=96), "width: asked for 96, the camera keeps 64"),
        (LOCKED, replace(SPEC, fps=60.0), "fps: asked for 60, the camera keeps 15"),
    ],
)
def test_a_setting_that_the_camera_does_not_keep_is_named(
    tmp_path: Path, config: V4l2Config, spec: CameraSpec, told: str
) -> None:
    with plugged(tmp_path, Scene()), pytest.raises(DeviceError, match=f"camera front: {re.escape(told)}"):
        driver(tmp_path / "front", config, spec).connect()


@pytest.mark.parametrize("prepare", [None, lambda: None], ids=["vfork", "fork"])
def test_programs_are_begun_while_threads_talk_to_a_camera(tmp_path: Path, prepare: Callable[[], None] | None) -> None:
    """What the threads do at that moment holds no program up, and no program takes their camera away."""
    done, failed = threading.Event(), threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                fcntl.ioctl(device, QUERY, bytearray(ctypes.sizeof(uapi.Capability)))
        except OSError:
            failed.set()

    with plugged(tmp_path, Scene()):
        device = os.open(tmp_path / "front", os.O_RDWR)
        asking = [threading.Thread(target=ask) for _ in range(2)]
        for thread in asking:
            thread.start()
        try:
            for _ in range(PROGRAMS):
                subprocess.run(["true"], pass_fds=[FIRST], preexec_fn=prepare, check=True, timeout=10.0)
        finally:
            done.set()
            for thread in asking:
                thread.join()
            os.close(device)
    assert not failed.is_set()


def test_a_camera_that_another_program_uses_is_named(wired: Wired, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be opened as a camera. Does another program use it"):
        driver(tmp_path / "front").connect()
    assert wired.newer().rgb.std() > 5


def test_a_camera_that_is_let_go_can_be_opened_again(tmp_path: Path) -> None:
    with plugged(tmp_path, Scene()):
        for _ in range(3):
            with connected(driver(tmp_path / "front")) as camera:
                assert camera.read().rgb.std() > 5


def test_pictures_that_nobody_reads_do_not_queue_up(wired: Wired) -> None:
    before = wired.camera.pictures
    time.sleep(1.0)
    assert wired.camera.pictures - before >= 10
    assert time.monotonic_ns() - wired.camera.read().stamp_ns < 0.25e9


@pytest.mark.parametrize(
    ("fault", "told"), [("freeze", "no picture"), ("repeat", "frozen"), ("close", "no picture|is not there")]
)
def test_a_lost_camera_is_named_and_comes_back_by_itself(wired: Wired, fault: str, told: str) -> None:
    setattr(wired.faults, fault, True)
    lost_s = time.monotonic()
    wired.until(lambda: wired.camera.fault is not None)
    assert time.monotonic() - lost_s < 2 * SILENCE_S
    with pytest.raises(DeviceError, match=f"camera front: .*({told})"):
        wired.camera.read()
    setattr(wired.faults, fault, False)
    assert wired.newer().rgb.std() > 5
    assert wired.camera.losses >= 1


def test_a_camera_that_is_plugged_in_again_has_its_settings_made_again(tmp_path: Path) -> None:
    how = replace(STILL, exposure=75)
    with plugged(tmp_path, gradient) as faults, connected(driver(tmp_path / "front", how)) as camera:
        wired = Wired(camera, faults)
        before = camera.read().rgb.mean()
        faults.close = True
        wired.until(lambda: camera.fault is not None)
        faults.close = False
        assert wired.newer().rgb.mean() == pytest.approx(before, abs=1.0)


def test_a_picture_of_another_size_is_refused_with_both_sizes(wired: Wired) -> None:
    wired.faults.shrink = 2
    fault = wired.until(lambda: wired.camera.fault)
    assert "(24, 32, 3), the station's file says (48, 64, 3)" in fault


def test_two_cameras_of_one_program_stream_side_by_side(tmp_path: Path) -> None:
    specs = [replace(SPEC, name=name, fps=30.0) for name in ("front", "wrist")]
    scenes = {spec.name: Scene(spec.fps) for spec in specs}
    with (
        V4l2Cameras(scenes, specs, tmp_path),
        connected(driver(tmp_path / "front", spec=specs[0])) as front,
        connected(driver(tmp_path / "wrist", spec=specs[1])) as wrist,
    ):
        stamps_ns: dict[str, set[int]] = {"front": set(), "wrist": set()}
        until_s = time.monotonic() + 2.0
        while time.monotonic() < until_s:
            for camera in (front, wrist):
                stamps_ns[camera.spec.name].add(camera.read().stamp_ns)
            time.sleep(0.005)
    for seen in stamps_ns.values():
        steps_ns = [later - earlier for earlier, later in pairwise(sorted(seen))]
        assert len(seen) >= 45 and np.median(steps_ns) == pytest.approx(1e9 / 30, rel=0.05)


def test_other_files_of_the_program_are_as_they_were(tmp_path: Path) -> None:
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(gradient().rgb)
    writer.release()
    arrived, came = cv2.VideoCapture(str(film)).read()
    assert arrived and came.shape == (48, 64, 3)
