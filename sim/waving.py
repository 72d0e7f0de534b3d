"""The person who holds the board before one camera after the other, somewhere else every second."""

from __future__ import annotations

import mujoco
import numpy as np

from calibration.geometry import Rigid, rotation
from sim.board import NAME
from sim.scene import Scene

HOLD_NS = 1_000_000_000
HOLDS_PER_CAMERA = 45
FILLS = (0.40, 0.85)  # share of the picture's height that the board takes
ASIDE = 0.85  # how far from the middle of the picture towards its edge
TILT_RAD = 0.7
FLIP = np.diag([1.0, -1.0, -1.0])  # the board is upright in OpenCV's camera frame


class WavedBoard:
    """Moves the board of a scene; each hold is drawn from its number, so that every run sees the same."""

    def __init__(self, scene: Scene, size_m: tuple[float, float]) -> None:
        self._scene = scene
        self._hold = -1
        self._mocap = int(scene.model.body(NAME).mocapid[0])
        self._middle_m = np.array([*size_m, 0.0]) / 2

    def move(self, now_ns: int) -> None:
        """Hold the board where it is due."""
        hold = now_ns // HOLD_NS
        if hold == self._hold or not self._scene.camera_ids:
            return
        self._hold = hold
        cameras = self._scene.camera_ids
        camera = cameras[(hold // HOLDS_PER_CAMERA) % len(cameras)]
        data = self._scene.data
        world_t_camera = Rigid(data.cam_xmat[camera].reshape(3, 3) @ FLIP, data.cam_xpos[camera].copy())
        held = world_t_camera @ self._drawn(camera, np.random.default_rng(hold))
        data.mocap_pos[self._mocap] = held.translation_m
        mujoco.mju_mat2Quat(data.mocap_quat[self._mocap], held.rotation.ravel())

    def _drawn(self, camera: int, rng: np.random.Generator) -> Rigid:
        turn = rotation(rng.uniform(-TILT_RAD, TILT_RAD, 3))
        half_view = np.tan(np.radians(self._scene.model.cam_fovy[camera]) / 2)
        far = self._middle_m[1] / (half_view * rng.uniform(*FILLS))
        at = np.array([*rng.uniform(-ASIDE, ASIDE, 2) * half_view, 1.0]) * far
        return Rigid(turn, at - turn @ self._middle_m)
