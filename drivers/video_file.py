"""A video file in place of a camera: to build and test a cell with what its camera once saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2

from drivers.camera import DrainedCamera, as_rgb
from drivers.capture_source import CaptureSource
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import CameraSpec, Clock, Frame
from robolearn.errors import DeviceError


@dataclass(frozen=True)
class FileConfig:
    """A video file."""

    path: Annotated[str, Key("video file of any kind that OpenCV reads")]


class FileSource(CaptureSource):
    """Implements ``Source``: plays the file at the camera's rate, again and again. A picture is as old as its turn."""

    what = "file"

    def __init__(self, path: str, spec: CameraSpec, clock: Clock) -> None:
        super().__init__()
        self._path, self._clock = path, clock
        self._period_ns = round(1e9 / spec.fps)
        self._next_ns = 0

    def open(self) -> None:
        """Open the file. Raises DeviceError."""
        capture = cv2.VideoCapture(self._path, cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise DeviceError(f"{self._path} is not there, or not a video that OpenCV can read")
        self._capture = capture
        self._next_ns = self._clock.now_ns()

    def _next(self, capture: cv2.VideoCapture) -> Frame:
        """Next picture, when it is due. Raises DeviceError if the file ends before its first."""
        there, bgr = capture.read()
        if not there:
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            there, bgr = capture.read()
        if not there:
            raise DeviceError(f"{self._path} holds no picture")
        self._clock.sleep_until(self._next_ns)
        stamp_ns = self._clock.now_ns()
        self._next_ns = max(self._next_ns, stamp_ns - self._period_ns) + self._period_ns
        return Frame(stamp_ns, as_rgb(bgr))


def camera(section: Section, spec: CameraSpec, cell: Cell) -> DrainedCamera:
    """The file that ``section`` names; a film may stand still."""
    return DrainedCamera(spec, FileSource(section.read(FileConfig).path, spec, cell.clock), frozen_s=None)
