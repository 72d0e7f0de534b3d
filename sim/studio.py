"""A studio for the benchmark of calibration: a ChArUco board before a camera with a lens, at poses known exactly."""

from __future__ import annotations

import cv2
import numpy as np

from calibration.board import Board
from calibration.geometry import IDENTITY, Rigid
from calibration.intrinsics import Intrinsics
from robolearn.contracts import Float, Image
from robolearn.headless import choose_gl_backend

choose_gl_backend()

import mujoco  # noqa: E402

from sim.board import add_board  # noqa: E402
from sim.renderer import ImageNoise  # noqa: E402

SUPERSAMPLING = 2  # the picture is averaged from this many samples each way, as a sensor's pixels average light
FLIP = np.diag([1.0, -1.0, -1.0])  # OpenCV's camera looks along z with y down, MuJoCo's against z with y up


class Studio:
    """Renders the board; lens distortion by remapping a wider, finer picture; Gaussian noise of the sensor."""

    def __init__(self, board: Board, lens: Intrinsics, noise_gray_levels: float, seed: int) -> None:
        self._lens, self._noise, self._rng = lens, ImageNoise(seed), np.random.default_rng(seed)
        self._noise.set_level(noise_gray_levels)
        height, width = SUPERSAMPLING * lens.height, SUPERSAMPLING * lens.width
        rays = _rays(lens)
        half_x, half_y = np.abs(rays).max(axis=(0, 1)) * 1.02
        focal = min(width / 2 / half_x, height / 2 / half_y)
        self._columns = (rays[..., 0] * focal + (width - 1) / 2).astype(np.float32)
        self._rows = (rays[..., 1] * focal + (height - 1) / 2).astype(np.float32)
        self._model = _scene(board, width, height, float(np.degrees(2 * np.arctan(height / 2 / focal))))
        self._data = mujoco.MjData(self._model)
        self._renderer = mujoco.Renderer(self._model, height, width)
        self._renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0

    def photograph(self, camera_t_board: Rigid) -> Image:
        """Picture (H, W, 3) of the board at a pose."""
        self._data.mocap_pos[0] = FLIP @ camera_t_board.translation_m
        mujoco.mju_mat2Quat(self._data.mocap_quat[0], (FLIP @ camera_t_board.rotation).ravel())
        mujoco.mj_forward(self._model, self._data)
        self._renderer.update_scene(self._data, "lens")
        sharp = cv2.remap(self._renderer.render(), self._columns, self._rows, cv2.INTER_LINEAR)
        picture = cv2.resize(sharp, (self._lens.width, self._lens.height), interpolation=cv2.INTER_AREA)
        return self._noise.add(np.asarray(picture, np.uint8), self._rng)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()


def _rays(lens: Intrinsics) -> Float:
    """Direction (x / z, y / z) of each sample of a supersampled picture (H, W, 2)."""
    steps = [(np.arange(SUPERSAMPLING * side) + 0.5) / SUPERSAMPLING - 0.5 for side in (lens.width, lens.height)]
    pixels = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 1, 2)
    exact = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-10)
    rays = cv2.undistortPoints(pixels, lens.matrix, np.array(lens.distortion), criteria=exact)
    return np.asarray(rays, float).reshape(SUPERSAMPLING * lens.height, SUPERSAMPLING * lens.width, 2)


def _scene(board: Board, width: int, height: int, fovy_deg: float) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.quality.offsamples, spec.visual.quality.shadowsize = 0, 0
    spec.visual.map.znear = 0.01
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.4, 0.4, 0.4]
    spec.visual.headlight.specular = [0.0, 0.0, 0.0]
    spec.worldbody.add_camera(name="lens", fovy=fovy_deg)
    add_board(spec, spec.worldbody, board, IDENTITY, mocap=True)
    return spec.compile()
