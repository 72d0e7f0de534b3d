"""A camera on USB by Video4Linux, through OpenCV: every setting read back, exposure and focus held."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Protocol

import cv2

from drivers.camera import DrainedCamera, as_rgb
from drivers.capture_source import CaptureSource
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import CameraSpec, Clock, Frame
from robolearn.errors import ConfigError, DeviceError

BY_ID = Path("/dev/v4l/by-id")
MANUAL_EXPOSURE = 1  # of V4L2_CID_EXPOSURE_AUTO
FPS_TOLERANCE = 0.5
OLDEST_STAMP_NS = 2_000_000_000
SILENCE_S = 3  # without a picture, and the camera counts as lost; OpenCV by itself waits for 10
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(SILENCE_S))


@dataclass(frozen=True)
class V4l2Config:
    """A camera on USB. A control that is null is left to the camera, or is one that it lacks."""

    device: Annotated[str, Key("path that names this very camera, as in /dev/v4l/by-id")]
    exposure: Annotated[float | None, Key("exposure time in units of the camera, mostly 0.1 ms", low=0.0)]
    gain: Annotated[float | None, Key("gain in units of the camera", low=0.0)]
    white_balance_k: Annotated[float | None, Key("colour temperature [K]", low=0.0)]
    focus: Annotated[float | None, Key("focus in units of the camera", low=0.0)]
    pixels: Annotated[Literal["MJPG", "YUYV"], Key("how pictures travel; YUYV takes 16 times the bandwidth")] = "MJPG"
    frozen_s: Annotated[float | None, Key("exactly equal pictures for so long: frozen [s]", low=0.1)] = 2.0

    def __post_init__(self) -> None:
        """Raise ConfigError for a path that another camera may have after the next start of the machine."""
        if self.device.startswith("/dev/video"):
            raise ConfigError(
                f"device {self.device} may be another camera tomorrow. Use its path in {BY_ID} (or /dev/v4l/by-path "
                f"where two cameras have one id). Here: {', '.join(_present()) or 'no camera'}."
            )


class Setting(NamedTuple):
    """A property of the capture, and what the camera has to say of it afterwards."""

    name: str
    prop: int
    value: float
    tolerance: float = 0.0


class Capture(Protocol):
    """What of ``cv2.VideoCapture`` settings are made with."""

    def set(self, propId: int, value: float, /) -> bool:
        """False if the camera refuses."""

    def get(self, propId: int, /) -> float:
        """What the camera says."""


class V4l2Source(CaptureSource):
    """Implements ``Source``. Pictures are stamped by the kernel, on the same clock as everything else."""

    what = "device"

    def __init__(self, config: V4l2Config, spec: CameraSpec, clock: Clock) -> None:
        super().__init__()
        self._config, self._spec, self._clock = config, spec, clock

    def open(self) -> None:
        """Open the device and make every setting. Raises DeviceError with the way out."""
        path = Path(self._config.device)
        if not path.exists():
            raise DeviceError(f"{path} is not there. Plugged in? Here: {', '.join(_present()) or 'no camera'}")
        if not os.access(path, os.R_OK | os.W_OK):
            raise DeviceError(f"{path}: permission denied. Run: sudo usermod -aG video $USER, and log in again")
        capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
        if not capture.isOpened():
            raise DeviceError(f"{path} cannot be opened as a camera. Does another program use it (fuser -v {path})?")
        self._capture = capture
        apply(capture, [*_format(self._config, self._spec), *_controls(self._config)])

    def _next(self, capture: cv2.VideoCapture) -> Frame:
        """Next picture. Raises DeviceError if the camera is gone."""
        arrived, bgr = capture.read()
        now_ns = self._clock.now_ns()
        if not arrived:
            raise DeviceError(f"no picture from {self._config.device}. Unplugged, or too little USB bandwidth?")
        return Frame(stamp_of(capture.get(cv2.CAP_PROP_POS_MSEC), now_ns), as_rgb(bgr))


def apply(capture: Capture, settings: list[Setting]) -> None:
    """Make each setting in turn and read it back. Raises DeviceError naming the first that the camera does not keep."""
    for name, prop, value, tolerance in settings:
        capture.set(prop, value)
        kept = capture.get(prop)
        if not abs(kept - value) <= tolerance:
            raise DeviceError(
                f"{name}: asked for {value:g}, the camera keeps {kept:g}. Set the station's file to what it can do "
                "(v4l2-ctl --all lists it), or a control to null if it lacks it."
            )


def stamp_of(driver_ms: float, now_ns: int) -> int:
    """Time of exposure [ns] from the kernel's stamp of the buffer; the time of arrival if that is no such time."""
    stamp_ns = round(driver_ms * 1e6) if math.isfinite(driver_ms) else 0
    return stamp_ns if 0 <= now_ns - stamp_ns <= OLDEST_STAMP_NS else now_ns


def camera(section: Section, spec: CameraSpec, cell: Cell) -> DrainedCamera:
    """The USB camera that ``section`` names."""
    config = section.read(V4l2Config)
    return DrainedCamera(spec, V4l2Source(config, spec, cell.clock), config.frozen_s)


def _format(config: V4l2Config, spec: CameraSpec) -> Iterator[Setting]:
    """The format has to come before the size, and the size before the rate."""
    yield Setting("pixels", cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*config.pixels))
    yield Setting("width", cv2.CAP_PROP_FRAME_WIDTH, spec.width)
    yield Setting("height", cv2.CAP_PROP_FRAME_HEIGHT, spec.height)
    yield Setting("fps", cv2.CAP_PROP_FPS, spec.fps, FPS_TOLERANCE)


def _controls(config: V4l2Config) -> Iterator[Setting]:
    """An automatic control is switched off before its value is set."""
    if config.exposure is not None:
        yield Setting("automatic exposure", cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL_EXPOSURE)
        yield Setting("exposure", cv2.CAP_PROP_EXPOSURE, config.exposure)
    if config.gain is not None:
        yield Setting("gain", cv2.CAP_PROP_GAIN, config.gain)
    if config.white_balance_k is not None:
        yield Setting("automatic white balance", cv2.CAP_PROP_AUTO_WB, 0)
        yield Setting("white_balance_k", cv2.CAP_PROP_WB_TEMPERATURE, config.white_balance_k)
    if config.focus is not None:
        yield Setting("automatic focus", cv2.CAP_PROP_AUTOFOCUS, 0)
        yield Setting("focus", cv2.CAP_PROP_FOCUS, config.focus)


def _present() -> list[str]:
    return sorted(str(path) for path in BY_ID.glob("*-index0"))
