"""A camera whose far end a test holds, so that it can break."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from drivers.camera import DrainedCamera
from robolearn.contracts import Frame
from sim.wire.camera_faults import CameraFaults

T = TypeVar("T")
PATIENCE_S = 20.0


class Wired(NamedTuple):
    """A connected camera, and what is wrong at the other end of its wire."""

    camera: DrainedCamera
    faults: CameraFaults

    def until(self, look: Callable[[], T | None]) -> T:
        """What ``look`` finds, as soon as it is neither None nor False."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < deadline_s, self.camera.fault
            time.sleep(0.02)
        return found

    def newer(self) -> Frame:
        """A picture that is exposed from now on."""
        now_ns = time.monotonic_ns()
        self.until(lambda: self.camera.fault is None and self.camera.read().stamp_ns > now_ns)
        return self.camera.read()
