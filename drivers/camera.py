"""A camera whose pictures are taken by a thread as they come, so that a reading is never one that has queued."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import CameraSpec, Frame, Image
from robolearn.errors import DeviceError

RETRY_S = 0.5
log = logging.getLogger(__name__)


def as_rgb(bgr: NDArray[Any]) -> Image:
    """A picture (H, W, 3) of OpenCV, which has blue first, with red first."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


class Source(Protocol):
    """Where pictures come from. Called from one thread."""

    def open(self) -> None:
        """Open the device. Raises DeviceError."""

    def take(self) -> Frame:
        """Wait for the next picture, stamped with its exposure. Raises DeviceError if none comes in time."""

    def close(self) -> None:
        """Release the device; may be called twice, and before open."""


class DrainedCamera:
    """Implements ``Camera`` on a :class:`Source`, which is opened again, for as long as it takes, when it fails.

    Pictures that are exactly alike for longer than ``frozen_s`` come from a frozen camera: a sensor has noise."""

    def __init__(self, spec: CameraSpec, source: Source, frozen_s: float | None) -> None:
        """``frozen_s`` is None for pictures without noise."""
        self._spec, self._source = spec, source
        self._frozen_ns = None if frozen_s is None else round(frozen_s * 1e9)
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._frame: Frame | None = None
        self._fault: str | None = None
        self._newest: Image | None = None  # what has to change for a frozen camera to be trusted again
        self._changed_ns = 0
        self._announce: Callable[[], None] = lambda: None
        self.pictures = 0
        self.losses = 0

    @property
    def spec(self) -> CameraSpec:
        """Constant."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """What is wrong, and what the driver does about it; None while pictures come."""
        return self._fault

    def on_picture(self, call: Callable[[], None]) -> None:
        """Have ``call`` called from the thread of the camera whenever one has come since connect."""
        self._announce = call

    def connect(self) -> None:
        """Open the device and wait for its first picture. Raises DeviceError."""
        if self._thread is not None:
            return
        try:
            self._source.open()
            self._keep(self._source.take())
        except DeviceError as error:
            self._source.close()
            raise DeviceError(f"camera {self._spec.name}: {error}") from error
        self._closing.clear()
        self._thread = threading.Thread(target=self._drain, name=f"camera {self._spec.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._source.close()
        self._frame = self._newest = None

    def read(self) -> Frame:
        """Newest picture; a copy. Raises DeviceError while there is none to trust."""
        if self._thread is None:
            raise DeviceError(f"camera {self._spec.name}: not connected; call connect() first")
        with self._lock:
            frame, fault = self._frame, self._fault
        if frame is None or fault is not None:
            raise DeviceError(f"camera {self._spec.name}: {fault}")
        return Frame(frame.stamp_ns, frame.rgb.copy())

    def _drain(self) -> None:
        while not self._closing.is_set():
            try:
                frame = self._source.take()
            except DeviceError as error:
                self._newest = None
                self._lose(str(error))
                continue
            try:
                self._keep(frame)
                self._announce()
            except DeviceError as error:
                self._lose(str(error))

    def _keep(self, frame: Frame) -> None:
        """Make a picture the newest. Raises DeviceError if it is of another size, or of a frozen camera."""
        wanted = (self._spec.height, self._spec.width, 3)
        if frame.rgb.shape != wanted:
            raise DeviceError(
                f"delivers pictures of shape {frame.rgb.shape}, the station's file says {wanted}. Set width and "
                "height in the file to what the camera delivers."
            )
        if self._frozen_ns is not None:
            self._refuse_frozen(frame, self._frozen_ns)
        with self._lock:
            self._frame, self._fault = frame, None
        self.pictures += 1

    def _refuse_frozen(self, frame: Frame, frozen_ns: int) -> None:
        if self._newest is None or not np.array_equal(self._newest, frame.rgb):
            self._newest, self._changed_ns = frame.rgb, frame.stamp_ns
        elif frame.stamp_ns - self._changed_ns > frozen_ns:
            raise DeviceError("has sent exactly the same picture again and again: it is frozen")

    def _lose(self, reason: str) -> None:
        """Say so, and open the source again until it answers."""
        self.losses += 1
        self._tell(f"{reason}; opening it again")
        self._source.close()
        while not self._closing.wait(RETRY_S):
            try:
                self._source.open()
                return
            except DeviceError as error:
                self._source.close()
                self._tell(f"{error}; trying again")

    def _tell(self, fault: str) -> None:
        with self._lock:
            self._frame, self._fault = None, fault
        log.warning("camera %s: %s", self._spec.name, fault)
