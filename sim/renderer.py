"""Off-screen pictures of a scene; without shadows and multisampling, sixty times faster and no loss to learning."""

from __future__ import annotations

import math
from typing import Protocol

import cv2
import numpy as np

from robolearn.contracts import Float, Image
from robolearn.errors import DeviceError
from robolearn.headless import choose_gl_backend

BACKEND = choose_gl_backend()

import mujoco  # noqa: E402

NOISE_PERIOD = 1 << 21
SEEN = (
    "geom_xpos", "geom_xmat", "site_xpos", "site_xmat", "cam_xpos", "cam_xmat", "light_xpos", "light_xdir"
)  # fmt: skip


class Rendered(Protocol):
    """A scene, as far as a camera can see."""

    model: mujoco.MjModel
    data: mujoco.MjData


Moment = tuple[Float, ...]  # where everything is that a camera can see, in the order of SEEN


class SceneRenderer:
    """Renders one scene at several resolutions; one OpenGL context for each."""

    def __init__(self, scene: Rendered) -> None:
        self._scene = scene
        self._then = mujoco.MjData(scene.model)
        self._renderers: dict[tuple[int, int], mujoco.Renderer] = {}

    def prepare(self, width: int, height: int) -> None:
        """Make the OpenGL context. Raises DeviceError if this machine cannot render."""
        if (width, height) in self._renderers:
            return
        size = self._scene.model.vis.global_  # of the buffer: one larger than the picture costs time
        size.offwidth, size.offheight = width, height
        try:
            renderer = mujoco.Renderer(self._scene.model, height, width)
        except (AttributeError, RuntimeError, ImportError, mujoco.FatalError) as cause:
            raise DeviceError(
                f"cannot render with MUJOCO_GL={BACKEND}: {cause}. Install Debian's libegl1 and libgl1-mesa-dri "
                "(MUJOCO_GL=egl) or libosmesa6 (MUJOCO_GL=osmesa)."
            ) from cause
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._renderers[width, height] = renderer

    def view_angle_rad(self, camera_id: int) -> float:
        """From the upper to the lower edge of the picture."""
        return math.radians(float(self._scene.model.cam_fovy[camera_id]))

    def moment(self) -> Moment:
        """The scene as it is now, to be rendered later if anybody wants to see it."""
        return tuple(getattr(self._scene.data, name).copy() for name in SEEN)

    def render(self, camera_id: int, width: int, height: int, moment: Moment | None = None) -> Image:
        """RGB picture (height, width, 3) of the scene as it is now, or was at a moment of this episode."""
        renderer, data = self._renderers[width, height], self._scene.data
        if moment is not None:
            data = self._then
            for name, value in zip(SEEN, moment, strict=True):
                getattr(data, name)[:] = value
        renderer.update_scene(data, camera_id)
        return np.asarray(renderer.render())

    def close(self) -> None:
        """Free the OpenGL contexts."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()


class ImageNoise:
    """Gaussian sensor noise from a table, as drawing it afresh would cost more than rendering."""

    def __init__(self, seed: int) -> None:
        self._unit = np.random.default_rng(seed).standard_normal(NOISE_PERIOD, dtype=np.float32)
        self._brighter, self._darker = np.zeros((2, NOISE_PERIOD), np.uint8)

    def set_level(self, standard_deviation: float) -> None:
        """Standard deviation in grey levels, 0 .. 255."""
        for part, scale in ((self._brighter, standard_deviation), (self._darker, -standard_deviation)):
            cv2.multiply(self._unit, np.array([scale]), dst=part, dtype=cv2.CV_8U)

    def add(self, rgb: Image, rng: np.random.Generator) -> Image:
        """A noisy copy of a picture."""
        start = int(rng.integers(0, NOISE_PERIOD - rgb.size))
        brighter = self._brighter[start : start + rgb.size].reshape(rgb.shape)
        darker = self._darker[start : start + rgb.size].reshape(rgb.shape)
        return np.asarray(cv2.subtract(cv2.add(rgb, brighter), darker), np.uint8)
