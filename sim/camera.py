"""A camera of the twin: exposes on its own schedule, delivers after its latency, adds sensor noise."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import DeviceError
from sim.clock import NS
from sim.renderer import ImageNoise, Moment, SceneRenderer

MOST_SEEDS = 1 << 32


class Exposure(NamedTuple):
    """A picture that nobody has looked at yet, and that costs next to nothing until then."""

    stamp_ns: int
    moment: Moment
    grain: int  # seed of its noise, drawn when it was taken: who looks, and when, changes nothing


class TwinCamera:
    """Implements ``Camera``. An exposure happens ``latency`` before each delivery, at the control period's edge."""

    def __init__(self, spec: CameraSpec, camera_id: int, renderer: SceneRenderer, noise: ImageNoise) -> None:
        self._spec = spec
        self._camera_id = camera_id
        self._renderer = renderer
        self._noise = noise
        self._connected = False
        self._newest: Exposure | None = None
        self._frame: Frame | None = None  # of the newest exposure, once it has been read
        self._under_way: deque[Exposure] = deque()
        self._period_ns = round(NS / spec.fps)
        self._next_exposure_ns = 0
        self._latency_ns = 0
        self._now_ns = 0
        self._rng = np.random.default_rng(0)

    @property
    def spec(self) -> CameraSpec:
        """Constant."""
        return self._spec

    @property
    def focal_length_px(self) -> float:
        """The same along rows and columns; the optical axis goes through the middle of the picture."""
        return self._spec.height / 2 / math.tan(self._renderer.view_angle_rad(self._camera_id) / 2)

    def connect(self) -> None:
        """Make the OpenGL context. Raises DeviceError if this machine cannot render."""
        self._renderer.prepare(self._spec.width, self._spec.height)
        self._connected = True
        if self._newest is None:
            self._deliver(self._expose())

    def close(self) -> None:
        """Refuse further use until connected again."""
        self._connected = False

    def read(self) -> Frame:
        """Newest delivered frame; a copy."""
        if not self._connected or self._newest is None:
            raise DeviceError(f"camera {self._spec.name} is not connected: call connect() first")
        if self._frame is None:
            self._frame = self._developed(self._newest)
        return Frame(self._frame.stamp_ns, self._frame.rgb.copy())

    def begin(self, now_ns: int, latency_ns: int, rng: np.random.Generator) -> None:
        """An episode starts: the first frame shows its start state."""
        self._rng = rng
        self._now_ns = now_ns
        self._latency_ns = latency_ns
        self._under_way.clear()
        self._next_exposure_ns = now_ns + self._period_ns - latency_ns
        if self._connected:
            self._deliver(self._expose())

    def advance(self, now_ns: int) -> None:
        """Expose and deliver what is due. Called after each control period."""
        self._now_ns = now_ns
        if not self._connected:
            return
        if now_ns >= self._next_exposure_ns:
            self._under_way.append(self._expose())
            self._next_exposure_ns += self._period_ns
        while self._under_way and now_ns >= self._under_way[0].stamp_ns + self._latency_ns:
            self._deliver(self._under_way.popleft())

    def _expose(self) -> Exposure:
        return Exposure(self._now_ns, self._renderer.moment(), int(self._rng.integers(MOST_SEEDS)))

    def _deliver(self, exposure: Exposure) -> None:
        self._newest, self._frame = exposure, None

    def _developed(self, exposure: Exposure) -> Frame:
        spec = self._spec
        rgb = self._renderer.render(self._camera_id, spec.width, spec.height, exposure.moment)
        return Frame(exposure.stamp_ns, self._noise.add(rgb, np.random.default_rng(exposure.grain)))
