"""The network camera on loopback: the real client, and a virtual camera with the faults of real ones."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
from sim.wire.camera_faults import CameraFaults, FaultyCamera, faulty
from sim.wire.rtsp import RtspServer
from tests.contract.camera import CameraContract, CameraRig
from tests.drivers.pictures import SPEC, Scene
from tests.drivers.wired_camera import Wired
from tests.house.tree import ROOT

Server = MjpegServer | RtspServer
SHADE_NS, SHADES = 10_000_000, 250  # of a camera that sees the time


@pytest.fixture(params=[MjpegServer, RtspServer])
def speaks(request: pytest.FixtureRequest) -> type[Server]:
    """What the camera speaks."""
    server: type[Server] = request.param
    return server


def virtual_camera(speaks: type[Server], scene: Callable[[], Frame]) -> tuple[Server, CameraFaults]:
    faults = CameraFaults()
    return speaks(faulty({"front": scene}, {"front": faults}), SPEC.fps), faults


def on(server: Server, frozen_s: float | None = 1.0, silence_s: float = 0.5) -> DrainedCamera:
    return at(StreamConfig(server.address("front"), silence_s, frozen_s))


def at(stream: StreamConfig) -> DrainedCamera:
    return DrainedCamera(SPEC, StreamSource(stream, SPEC.fps, RealClock()), stream.frozen_s)


@pytest.fixture
def wired(speaks: type[Server]) -> Iterator[Wired]:
    server, faults = virtual_camera(speaks, Scene())
    driver = on(server)
    driver.connect()
    yield Wired(driver, faults)
    driver.close()
    server.close()


@pytest.fixture(scope="module", params=["mjpeg", "rtsp"])
def emulated(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a camera of the twin, served by a process of its own."""
    command = [str(Path(sys.executable).with_name("robolearn")), "emulate", request.param, "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        words = process.stderr.readline()
        found = re.search(r"\w+://\S+front[.\w]*", words)
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
        source = StreamSource(StreamConfig(self.url), spec.fps, RealClock())
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


def test_a_picture_of_another_size_is_refused_with_both_sizes(speaks: type[Server]) -> None:
    server, faults = virtual_camera(speaks, Scene())
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
    server, faults = virtual_camera(MjpegServer, Scene())
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
    late = FaultyCamera(iter(exposures).__next__, CameraFaults(delay_s=0.3))
    seen = [late() for _ in exposures]
    assert seen[:3] == [None] * 3 and [frame.rgb[0, 0, 0] for frame in seen[3:] if frame] == list(range(7))


def clock_face() -> Frame:
    """A picture that tells when it was taken."""
    stamp_ns = time.monotonic_ns()
    shade = stamp_ns // SHADE_NS % SHADES
    return Frame(stamp_ns, np.full((SPEC.height, SPEC.width, 3), shade, np.uint8))


def age_s(frame: Frame) -> float:
    """How much older what a clock face shows is than the stamp says."""
    shown = round(float(np.median(frame.rgb)))
    return float((frame.stamp_ns // SHADE_NS - shown) % SHADES) * SHADE_NS * 1e-9


def test_pictures_that_have_queued_are_not_taken_for_new_ones(speaks: type[Server]) -> None:
    server, _ = virtual_camera(speaks, clock_face)
    source = StreamSource(StreamConfig(server.address("front")), SPEC.fps, RealClock())
    source.open()  # FFmpeg looks at the stream for a while
    ages_s = [age_s(source.take())]
    time.sleep(1.0)
    ages_s.append(age_s(source.take()))
    source.close()
    server.close()
    assert max(ages_s) < 0.5


def test_the_picture_that_comes_is_the_one_that_was_sent(speaks: type[Server]) -> None:
    across, down = np.meshgrid(np.linspace(0, 255, SPEC.width), np.linspace(0, 255, SPEC.height))
    sent = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
    server, _ = virtual_camera(speaks, lambda: Frame(time.monotonic_ns(), sent))
    driver = on(server, frozen_s=None)
    driver.connect()
    came = driver.read().rgb
    driver.close()
    server.close()
    assert np.abs(came.astype(int) - sent).mean() < 4


def test_a_camera_that_is_faster_than_the_file_says_is_named() -> None:
    server = MjpegServer({"front": clock_face}, 200.0)
    source = StreamSource(StreamConfig(server.address("front")), 1.0, RealClock())
    source.open()
    with pytest.raises(DeviceError, match="more than the 1 a second"):
        source.take()
    source.close()
    server.close()


@pytest.mark.parametrize("path", ["/left.mjpeg", ""])
def test_no_stream_at_the_address_is_a_plain_error_with_the_way_out(speaks: type[Server], path: str) -> None:
    server, _ = virtual_camera(speaks, Scene())
    driver = at(StreamConfig(server.url + path))
    with pytest.raises(DeviceError, match="camera front: no stream at .*Is the camera on"):
        driver.connect()
    server.close()


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="must start with one of http"):
        config.parse("url: /dev/video0", StreamConfig, "station")


def test_a_port_that_is_taken_is_named(speaks: type[Server]) -> None:
    server, _ = virtual_camera(speaks, Scene())
    with pytest.raises(DeviceError, match="Choose another port"):
        speaks({}, 1.0, port=int(server.url.rsplit(":", 1)[1]))
    server.close()
