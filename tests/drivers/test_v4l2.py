"""The USB camera: what its driver does with settings, and with virtual webcams that it opens as device files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from drivers.camera import DrainedCamera
from drivers.clock import RealClock
from drivers.v4l2 import Setting, V4l2Config, V4l2Source, apply, stamp_of
from robolearn import config
from robolearn.errors import ConfigError, DeviceError
from sim.wire.v4l2 import preload, uapi
from tests.drivers.pictures import SPEC
from tests.house.tree import ROOT

LOCKED = "exposure: 156\ngain: 0\nwhite_balance_k: 4600\nfocus: null\n"


class Picky:
    """A camera that has some controls, within their ranges."""

    def __init__(self, **ranges: tuple[float, float]) -> None:
        self._ranges = {getattr(cv2, f"CAP_PROP_{name.upper()}"): limits for name, limits in ranges.items()}
        self.values = {prop: low for prop, (low, _) in self._ranges.items()}
        self.order: list[int] = []

    def set(self, prop: int, value: float, /) -> bool:
        """Moved into the range."""
        self.order.append(prop)
        if prop not in self._ranges:
            return False
        low, high = self._ranges[prop]
        self.values[prop] = min(max(value, low), high)
        return True

    def get(self, prop: int, /) -> float:
        """-1 for what is not there, as OpenCV has it."""
        return self.values.get(prop, -1.0)


def test_each_setting_is_made_in_order_and_read_back() -> None:
    camera = Picky(auto_exposure=(0, 3), exposure=(3, 2047))
    settings = [Setting("automatic", cv2.CAP_PROP_AUTO_EXPOSURE, 1), Setting("exposure", cv2.CAP_PROP_EXPOSURE, 156)]
    apply(camera, settings)
    assert camera.order == [cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE]
    assert camera.values == {cv2.CAP_PROP_AUTO_EXPOSURE: 1, cv2.CAP_PROP_EXPOSURE: 156}


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (Setting("exposure", cv2.CAP_PROP_EXPOSURE, 5000), "exposure: asked for 5000, the camera keeps 2047"),
        (Setting("focus", cv2.CAP_PROP_FOCUS, 30), "focus: asked for 30, the camera keeps -1.*null if it lacks it"),
        (Setting("fps", cv2.CAP_PROP_FPS, 60, 0.5), "fps: asked for 60, the camera keeps 30"),
    ],
)
def test_a_setting_that_the_camera_does_not_keep_is_named(setting: Setting, told: str) -> None:
    with pytest.raises(DeviceError, match=told):
        apply(Picky(exposure=(3, 2047), fps=(30, 30)), [setting])


def test_a_rate_may_be_a_little_off() -> None:
    camera = Picky(fps=(29.97, 29.97))
    apply(camera, [Setting("fps", cv2.CAP_PROP_FPS, 30, 0.5)])
    assert camera.order == [cv2.CAP_PROP_FPS] and camera.values == {cv2.CAP_PROP_FPS: 29.97}


def test_the_stamp_is_the_kernels_where_it_is_on_the_same_clock() -> None:
    now_ns = RealClock().now_ns()
    assert stamp_of((now_ns - 40_000_000) / 1e6, now_ns) == pytest.approx(now_ns - 40_000_000, abs=1000)
    for nonsense in (0.0, -1.0, (now_ns + 1_000_000) / 1e6, 1.7e12, float("nan"), float("inf")):
        assert stamp_of(nonsense, now_ns) == now_ns


def test_a_path_that_another_camera_may_have_tomorrow_is_refused() -> None:
    with pytest.raises(ConfigError, match="/dev/video0 may be another camera tomorrow.*by-id"):
        config.parse(f"device: /dev/video0\n{LOCKED}", V4l2Config, "station")


def test_exposure_and_focus_have_to_be_stated() -> None:
    with pytest.raises(ConfigError, match="'exposure' .*mostly 0.1 ms.*'focus'"):
        config.parse("device: /dev/v4l/by-id/front", V4l2Config, "station")


@pytest.mark.parametrize(("is_there", "told"), [(False, "is not there. Plugged in"), (True, "cannot be opened as a")])
def test_a_camera_that_is_not_there_is_named(is_there: bool, told: str, tmp_path: Path) -> None:
    device = tmp_path / "front"
    if is_there:
        device.write_bytes(b"no camera")
    settings = config.parse(f"device: {device}\n{LOCKED}", V4l2Config, "station")
    with pytest.raises(DeviceError, match=f"camera front: .*{told}"):
        DrainedCamera(SPEC, V4l2Source(settings, SPEC, RealClock()), None).connect()


@pytest.mark.timeout(330)
def test_the_driver_keeps_its_contract_and_its_promises(tmp_path: Path) -> None:
    """In a process that opens device files of ours: the library has to be there before it starts."""
    tests = Path(__file__).parent / "under_preload" / "v4l2.py"
    command = [sys.executable, "-m", "pytest", str(tests), "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "LD_PRELOAD": str(preload.build(tmp_path))}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_requests_and_their_arguments_are_as_the_kernel_has_them(tmp_path: Path) -> None:
    lines = [f'printf("%u\\n", (unsigned)VIDIOC_{request.name});' for request in uapi.REQUESTS.values()]
    fields = {"m": "offset", "sequence": "sequence", "length": "length", "timestamp": "seconds"}
    lines += [f'printf("%u\\n", (unsigned)offsetof(struct v4l2_buffer, {theirs}));' for theirs in fields]
    source, program = tmp_path / "numbers.c", tmp_path / "numbers"
    heads = "".join(f"#include <{head}>\n" for head in ("linux/videodev2.h", "stddef.h", "stdio.h"))
    source.write_text(f"{heads}int main(void) {{ {' '.join(lines)} }}\n")
    subprocess.run(["cc", "-o", str(program), str(source)], check=True)
    told = [int(line) for line in subprocess.run([program], capture_output=True, check=True).stdout.split()]
    assert told == [*uapi.REQUESTS, *(getattr(uapi.Buffer, ours).offset for ours in fields.values())]
