"""What a camera of these tests looks at: noise that changes with every exposure."""

from __future__ import annotations

import threading
import time

import numpy as np

from robolearn.contracts import CameraSpec, Frame

SPEC = CameraSpec("front", 64, 48, 15.0, "front_camera")


class Scene:
    """A callable that returns the newest exposure; there are ``fps`` a second."""

    def __init__(self, fps: float = SPEC.fps, width: int = SPEC.width, height: int = SPEC.height) -> None:
        self._period_ns = round(1e9 / fps)
        self._shape = (height, width, 3)
        self._lock = threading.Lock()
        self._frame: Frame | None = None

    def __call__(self) -> Frame:
        """The picture of this period, noisy and of mid brightness."""
        stamp_ns = time.monotonic_ns() // self._period_ns * self._period_ns
        with self._lock:
            if self._frame is None or self._frame.stamp_ns != stamp_ns:
                rgb = np.random.default_rng(stamp_ns).integers(60, 200, self._shape).astype(np.uint8)
                self._frame = Frame(stamp_ns, rgb)
            return self._frame
