"""A network camera: an MJPEG stream over HTTP, or RTSP, read by OpenCV's FFmpeg."""

from __future__ import annotations

import time
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
CATCH_UP_S = 3.0
WAITED = 0.25  # of a period: a picture that was there sooner than that had been waiting itself


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
    """Implements ``Source``. The stream carries no time, so a picture is stamped when it arrives.

    Pictures that have queued, while FFmpeg looked at the stream or this process stood still, are left out: they would
    be stamped as if they were new."""

    what = "stream"

    def __init__(self, config: StreamConfig, fps: float, clock: Clock) -> None:
        super().__init__()
        self._config, self._fps, self._clock = config, fps, clock

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
        """Next picture that has to be waited for. Raises DeviceError after ``silence_s`` without one: the stream never
        recovers by itself, and if pictures never have to be waited for."""
        asked_s = begun_s = time.monotonic()
        while asked_s - begun_s < CATCH_UP_S:
            arrived, bgr = capture.read()
            if not arrived:
                raise DeviceError(f"no picture from {self._config.url} for {self._config.silence_s:g} s")
            stamp_ns, waited_s = self._clock.now_ns(), time.monotonic() - asked_s
            if waited_s > WAITED / self._fps:
                return Frame(stamp_ns, as_rgb(bgr))
            asked_s += waited_s
        raise DeviceError(
            f"pictures from {self._config.url} came without a pause for {CATCH_UP_S:g} s: does the camera send more "
            f"than the {self._fps:g} a second of the station's file?"
        )


def camera(section: Section, spec: CameraSpec, cell: Cell) -> DrainedCamera:
    """The camera at the address in ``section``."""
    config = section.read(StreamConfig)
    return DrainedCamera(spec, StreamSource(config, spec.fps, cell.clock), config.frozen_s)
