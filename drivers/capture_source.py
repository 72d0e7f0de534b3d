"""What sources that OpenCV opens share: the life of the capture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import cv2

from robolearn.contracts import Frame
from robolearn.errors import DeviceError


class CaptureSource(ABC):
    """Implements ``Source`` on a ``cv2.VideoCapture``, which :meth:`open` leaves in ``_capture``."""

    what: ClassVar[str]  # it opens, as errors call it

    def __init__(self) -> None:
        self._capture: cv2.VideoCapture | None = None

    @abstractmethod
    def open(self) -> None:
        """Open the capture. Raises DeviceError."""

    def take(self) -> Frame:
        """Next picture. Raises DeviceError if it does not come, or :meth:`open` has not been called."""
        if self._capture is None:
            raise DeviceError(f"the {self.what} is not open")
        return self._next(self._capture)

    def close(self) -> None:
        """Release the capture; may be called twice, and before open."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    @abstractmethod
    def _next(self, capture: cv2.VideoCapture) -> Frame:
        """Next picture of an open capture. Raises DeviceError if it does not come."""
