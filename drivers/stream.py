"""A network camera: an MJPEG stream over HTTP, or RTSP, read by OpenCV's FFmpeg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2

from drivers.camera import DrainedCamera, as_rgb
from drivers.capture_source import CaptureSource
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import CameraSpec, Clock, Frame
from robolearn.errors import ConfigError, DeviceError

SCHEMES = ("http://", "https://", "rtsp://")
OPEN_S = 3.0


@dataclass(frozen=True)
class StreamConfig:
    """A camera on the network."""

    url: Annotated[str, Key("address of the stream: http, https or rtsp")]
    silence_s: Annotated[float, Key("no picture for so long: open the stream again [s]", low=0.1, high=10.0)] = 1.0
    frozen_s: Annotated[
        float | None, Key("exactly equal pictures for so long: frozen [s]; null for pictures without noise", low=0.1)
    ] = 2.0

    def __post_init__(self) -> None:
        """Raise ConfigError for an address of another kind."""
        if not self.url.startswith(SCHEMES):
            raise ConfigError(f"url must start with one of {', '.join(SCHEMES)}, got {self.url!r}")


class StreamSource(CaptureSource):
    """Implements ``Source``. The stream carries no time, so a picture is stamped when it arrives."""

    what = "stream"

    def __init__(self, config: StreamConfig, clock: Clock) -> None:
        super().__init__()
        self._config, self._clock = config, clock

    def open(self) -> None:
        """Connect. Raises DeviceError naming the address."""
        settings = (
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_S * 1e3)),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(self._config.silence_s * 1e3)),
            (cv2.CAP_PROP_N_THREADS, 1),
        )
        flat = [value for setting in settings for value in setting]
        capture = cv2.VideoCapture(self._config.url, cv2.CAP_FFMPEG, flat)
        if not capture.isOpened():
            raise DeviceError(
                f"no stream at {self._config.url}. Is the camera on, on this network, and the path right? "
                "A browser on this machine must show the picture."
            )
        self._capture = capture

    def _next(self, capture: cv2.VideoCapture) -> Frame:
        """Next picture. Raises DeviceError after ``silence_s`` without one: the stream never recovers by itself."""
        arrived, bgr = capture.read()
        if not arrived:
            raise DeviceError(f"no picture from {self._config.url} for {self._config.silence_s:g} s")
        stamp_ns = self._clock.now_ns()
        return Frame(stamp_ns, as_rgb(bgr))


def camera(section: Section, spec: CameraSpec, cell: Cell) -> DrainedCamera:
    """The camera at the address in ``section``."""
    config = section.read(StreamConfig)
    return DrainedCamera(spec, StreamSource(config, cell.clock), config.frozen_s)
