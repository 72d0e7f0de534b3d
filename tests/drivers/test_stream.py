"""The network camera on loopback HTTP: the real client, and a virtual camera with the faults of real ones."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pytest

from drivers.camera import DrainedCamera
from drivers.clock import RealClock
from drivers.stream import StreamConfig, StreamSource
from robolearn import config
from robolearn.backends import load_station
from robolearn.contracts import Frame
from robolearn.errors import ConfigError, DeviceError
from robolearn.mjpeg import MjpegServer
from sim.wire.mjpeg import CameraFaults, FaultyCamera, serve
from tests.contract.camera import CameraContract, CameraRig
from tests.drivers.pictures import SPEC, Scene
from tests.house.tree import ROOT

T = TypeVar("T")
PATIENCE_S = 20.0


class Wired(NamedTuple):
    """A connected camera, and what is wrong at the other end of its wire."""

    camera: DrainedCamera
    faults: CameraFaults
    server: MjpegServer

    def until(self, look: Callable[[], T | None]) -> T:
        """What ``look`` finds, as soon as it is neither None nor False."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < deadline_s, self.camera.fault
            time.sleep(0.02)
        return found

    def newer(self) -> Frame:
        """A picture that is exposed from now on."""
        now_ns = time.monotonic_ns()
        self.until(lambda: self.camera.fault is None and self.camera.read().stamp_ns > now_ns)
        return self.camera.read()


def virtual_camera() -> tuple[MjpegServer, CameraFaults]:
    faults = CameraFaults()
    return serve({"front": Scene()}, SPEC.fps, {"front": faults}), faults


def on(server: MjpegServer, frozen_s: float | None = 1.0, silence_s: float = 0.5) -> DrainedCamera:
    return at(StreamConfig(f"{server.url}/front.mjpeg", silence_s, frozen_s))


def at(stream: StreamConfig) -> DrainedCamera:
    return DrainedCamera(SPEC, StreamSource(stream, RealClock()), stream.frozen_s)


@pytest.fixture
def wired() -> Iterator[Wired]:
    server, faults = virtual_camera()
    driver = on(server)
    driver.connect()
    yield Wired(driver, faults, server)
    driver.close()
    server.close()


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    """Address of a camera of the twin, served by a process of its own."""
    command = [str(Path(sys.executable).with_name("robolearn")), "emulate", "mjpeg", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        words = process.stderr.readline()
        found = re.search(r"http://\S+front\.mjpeg", words)
        assert found, words
        yield found.group()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


class TestNetworkCamera(CameraContract):
    """The driver keeps the rules of a camera."""

    @pytest.fixture(autouse=True)
    def on_the_emulator(self, emulated: str) -> None:
        """What :meth:`make` connects to."""
        self.url = emulated

    def make(self) -> CameraRig:
        """A driver on the virtual camera."""
        (spec,) = [spec for spec in load_station("so101_twin").camera_specs() if spec.name == "front"]
        source = StreamSource(StreamConfig(self.url), RealClock())
        return CameraRig(DrainedCamera(spec, source, None), RealClock(), 1_000_000, lambda: None)


def test_pictures_that_nobody_reads_do_not_queue_up(wired: Wired) -> None:
    before = wired.camera.pictures
    time.sleep(1.0)
    assert wired.camera.pictures - before >= 5
    stamp_ns = wired.camera.read().stamp_ns
    assert time.monotonic_ns() - stamp_ns < 0.5e9


@pytest.mark.parametrize(("fault", "told"), [("freeze", "no picture"), ("repeat", "frozen"), ("close", "no ")])
def test_a_lost_camera_is_named_and_comes_back_by_itself(wired: Wired, fault: str, told: str) -> None:
    setattr(wired.faults, fault, True)
    wired.until(lambda: wired.camera.fault is not None)
    with pytest.raises(DeviceError, match=f"camera front: .*{told}"):
        wired.camera.read()
    setattr(wired.faults, fault, False)
    assert wired.newer().rgb.std() > 5
    assert wired.camera.losses >= 1


def test_a_picture_of_another_size_is_refused_with_both_sizes() -> None:
    server, faults = virtual_camera()
    faults.shrink = 2
    driver = on(server)
    with pytest.raises(DeviceError, match=r"camera front: .*\(24, 32, 3\), the station's file says \(48, 64, 3\)"):
        driver.connect()
    server.close()


def test_a_black_picture_is_delivered_as_it_is(wired: Wired) -> None:
    def black() -> Frame | None:
        frame = wired.camera.read() if wired.camera.fault is None else None
        return None if frame is None or frame.rgb.any() else frame

    wired.faults.black = True
    picture = wired.until(black)
    assert picture.rgb.shape == (SPEC.height, SPEC.width, 3) and not picture.rgb.any()


def test_a_frozen_camera_is_not_trusted_again_before_its_picture_changes(wired: Wired) -> None:
    wired.faults.repeat = True
    wired.until(lambda: wired.camera.losses >= 3)
    assert wired.camera.fault is not None and "frozen" in wired.camera.fault


def test_pictures_without_noise_may_repeat_if_the_file_says_so() -> None:
    server, faults = virtual_camera()
    faults.repeat = True
    driver = on(server, frozen_s=None)
    driver.connect()
    first = driver.read()
    time.sleep(1.0)
    later = driver.read()
    driver.close()
    server.close()
    assert later.stamp_ns > first.stamp_ns and np.array_equal(first.rgb, later.rgb)


def test_late_pictures_are_those_of_before() -> None:
    exposures = [Frame(tick * 100_000_000, np.full((2, 2, 3), tick, np.uint8)) for tick in range(10)]
    faulty = FaultyCamera(iter(exposures).__next__, CameraFaults(delay_s=0.3))
    seen = [faulty() for _ in exposures]
    assert seen[:3] == [None] * 3 and [frame.rgb[0, 0, 0] for frame in seen[3:] if frame] == list(range(7))


@pytest.mark.parametrize("path", ["/left.mjpeg", ""])
def test_no_stream_at_the_address_is_a_plain_error_with_the_way_out(path: str) -> None:
    server, _ = virtual_camera()
    driver = at(StreamConfig(server.url + path))
    with pytest.raises(DeviceError, match="camera front: no stream at .*Is the camera on"):
        driver.connect()
    server.close()


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="must start with one of http"):
        config.parse("url: /dev/video0", StreamConfig, "station")


def test_a_port_that_is_taken_is_named() -> None:
    server, _ = virtual_camera()
    with pytest.raises(DeviceError, match="Choose another port"):
        MjpegServer({}, 1.0, port=int(server.url.rsplit(":", 1)[1]))
    server.close()
