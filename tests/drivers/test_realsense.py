"""The RealSense through librealsense's own pipeline, which plays a recording that was synthesised."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from drivers.clock import RealClock
from drivers.realsense import RealSense, RealSenseConfig
from robolearn import config
from robolearn.cli.main import main
from robolearn.contracts import CameraSpec
from robolearn.errors import ConfigError, DeviceError
from sim.wire.realsense import NAME, Lens, Shot, record
from tests.contract.camera import CameraContract, CameraRig

SPEC = CameraSpec("front", 64, 48, 15.0, "front_camera")
FOCAL_PX = 60.0
SHOTS = 30


def shots() -> Iterator[Shot]:
    """A plane that comes nearer, brighter each time; nothing can be measured in its left quarter."""
    rng = np.random.default_rng(0)
    for number in range(SHOTS):
        rgb = rng.integers(0, 5, (SPEC.height, SPEC.width, 3)).astype(np.uint8) + np.uint8(5 * number)
        depth_m = np.full((SPEC.height, SPEC.width), 1.0 - 0.01 * number, np.float32)
        depth_m[:, : SPEC.width // 4] = np.nan
        yield Shot(rgb, depth_m)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("realsense") / "cell.db3"
    assert record(shots(), Lens(SPEC.width, SPEC.height, FOCAL_PX), round(SPEC.fps), path) == SHOTS
    return path


def playing(recording: Path) -> RealSense:
    settings = RealSenseConfig(exposure=None, gain=None, white_balance_k=None, recording=str(recording))
    return RealSense(settings, SPEC, RealClock())


@pytest.fixture
def camera(recording: Path) -> Iterator[RealSense]:
    driver = playing(recording)
    driver.connect()
    yield driver
    driver.close()


class TestRealSense(CameraContract):
    """The driver keeps the rules of a camera."""

    @pytest.fixture(autouse=True)
    def on_the_recording(self, recording: Path) -> None:
        """What :meth:`make` plays."""
        self.recording = recording

    def make(self) -> CameraRig:
        """A driver that plays the recording."""
        return CameraRig(playing(self.recording), RealClock(), 1_000_000, lambda: None)


def child() -> psutil.Process:
    (process,) = [one for one in psutil.Process().children() if "drivers.realsense_feed" in one.cmdline()]
    return process


def test_the_camera_says_what_it_is(camera: RealSense) -> None:
    hello = camera.hello
    assert hello is not None and hello.name == NAME and hello.depth_scale_m == pytest.approx(0.001)
    assert (hello.fx_px, hello.fy_px, hello.cx_px, hello.cy_px) == (FOCAL_PX, FOCAL_PX, 32.0, 24.0)
    assert hello.firmware is None


def test_depth_belongs_to_its_picture_and_what_was_not_measured_is_no_number(camera: RealSense) -> None:
    for _ in range(10):
        frame, depth = camera.read(), camera.read_depth()
        if frame.stamp_ns != depth.stamp_ns:
            continue
        number = (int(frame.rgb.min()) // 5) % SHOTS
        assert depth.depth_m[0, -1] == pytest.approx(1.0 - 0.01 * number, abs=0.0015)
        assert np.isnan(depth.depth_m[:, :16]).all() and np.isfinite(depth.depth_m[:, 16:]).all()
        return
    pytest.fail("no depth came with a picture")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_librealsense_that_dies_or_hangs_is_told_and_started_again(camera: RealSense, end: signal.Signals) -> None:
    broken = child()
    os.kill(broken.pid, end)
    deadline_s = time.monotonic() + 30
    while camera.fault is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    with pytest.raises(DeviceError, match="camera front: librealsense"):
        camera.read()
    while camera.fault is not None:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert child().pid != broken.pid and not psutil.pid_exists(broken.pid)


def test_closing_ends_the_process(recording: Path) -> None:
    driver = playing(recording)
    driver.connect()
    process = child()
    driver.close()
    assert not process.is_running()
    with pytest.raises(DeviceError, match="not connected"):
        driver.read_depth()


def test_no_camera_and_no_recording_are_told_in_the_words_of_librealsense(tmp_path: Path) -> None:
    settings = RealSenseConfig(exposure=None, gain=None, white_balance_k=None)
    with pytest.raises(DeviceError, match="camera front: librealsense ended .no RealSense on this machine. Plugged in"):
        RealSense(settings, SPEC, RealClock()).connect()
    with pytest.raises(DeviceError, match="camera front: librealsense ended"):
        playing(tmp_path / "nowhere.db3").connect()


def test_another_resolution_than_recorded_is_refused(recording: Path) -> None:
    settings = RealSenseConfig(exposure=None, gain=None, white_balance_k=None, recording=str(recording))
    with pytest.raises(DeviceError, match="camera front: librealsense ended"):
        RealSense(settings, replace(SPEC, width=32), RealClock()).connect()


def test_a_recording_has_no_exposure() -> None:
    text = "exposure: 156\ngain: null\nwhite_balance_k: null\nrecording: cell.db3\n"
    with pytest.raises(ConfigError, match="a recording has no serial number, exposure"):
        config.parse(text, RealSenseConfig, "station")


def test_the_twin_is_recorded_in_colour_and_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "twin.db3"
    words = ["emulate", "realsense", "--out", str(path), "--seconds", "0.5", "--size", "160", "120", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["pictures"] == 15
    settings = RealSenseConfig(exposure=None, gain=None, white_balance_k=None, recording=str(path))
    camera = RealSense(settings, CameraSpec("front", 160, 120, 30.0, "front_camera"), RealClock())
    camera.connect()
    rgb, depth_m = camera.read().rgb, camera.read_depth().depth_m
    camera.close()
    assert rgb.std() > 10
    assert 0.3 < np.nanmedian(depth_m) < 1.0, "the table is half a metre away"


def test_a_recording_is_not_written_over_another_file(recording: Path) -> None:
    for path in (recording, recording.with_suffix(".bag")):
        with pytest.raises(DeviceError, match="new file that ends in .db3"):
            record(shots(), Lens(64, 48, FOCAL_PX), 30, path)
