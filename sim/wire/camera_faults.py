"""What can be wrong with a virtual network camera, whatever it speaks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from robolearn.contracts import Frame


@dataclass
class CameraFaults:
    """What is wrong with the camera at present; may be changed while it streams."""

    freeze: bool = False  # the stream stays open and nothing comes
    repeat: bool = False  # the same picture comes again and again
    black: bool = False
    delay_s: float = 0.0  # every picture comes so much later
    shrink: int = 1  # every picture is smaller by this factor: another size than was agreed
    close: bool = False  # the connection is closed, and every new one


class FaultyCamera:
    """Newest frame of ``camera``, as ``faults`` leave it."""

    def __init__(self, camera: Callable[[], Frame | None], faults: CameraFaults) -> None:
        self._camera, self._faults = camera, faults
        self._lock = threading.Lock()
        self._queued: deque[Frame] = deque()
        self._frame: Frame | None = None

    def __call__(self) -> Frame | None:
        """None while there is nothing to send. Raises ConnectionError while the camera refuses to talk."""
        if self._faults.close:
            raise ConnectionResetError("the virtual camera closes the connection")
        with self._lock:
            newest = self._camera()
            if newest is not None:
                self._queue(newest)
            frame = self._frame
        return None if frame is None else self._spoilt(frame)

    def _queue(self, newest: Frame) -> None:
        """Take a picture in, and let out the newest that has waited long enough."""
        if not self._queued or self._queued[-1].stamp_ns < newest.stamp_ns:
            self._queued.append(newest)
        due_ns = newest.stamp_ns - round(self._faults.delay_s * 1e9)
        while self._queued and self._queued[0].stamp_ns <= due_ns:
            self._let_out(self._queued.popleft())

    def _let_out(self, frame: Frame) -> None:
        if self._faults.repeat and self._frame is not None:
            self._frame = Frame(frame.stamp_ns, self._frame.rgb)
        elif not self._faults.freeze:
            self._frame = frame

    def _spoilt(self, frame: Frame) -> Frame:
        rgb = np.zeros_like(frame.rgb) if self._faults.black else frame.rgb
        return Frame(frame.stamp_ns, rgb[:: self._faults.shrink, :: self._faults.shrink])


def faulty(
    cameras: Mapping[str, Callable[[], Frame | None]], faults: Mapping[str, CameraFaults]
) -> dict[str, FaultyCamera]:
    """Each of ``cameras`` as its ``faults`` leave it."""
    return {name: FaultyCamera(camera, faults[name]) for name, camera in cameras.items()}
