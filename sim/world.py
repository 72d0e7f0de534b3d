"""The twin as a world: one scene, one arm, its cameras and a lock-step clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mujoco
import numpy as np

from calibration.board import load_board
from robolearn.contracts import CameraSpec
from robolearn.errors import ConfigError, unknown
from sim import draws
from sim.arm import JOINTS, TwinArm
from sim.config import BoardConfig, TwinTask
from sim.goals import GOALS
from sim.lockstep import CAMERAS, LockStepWorld
from sim.scene import Scene
from sim.waving import WavedBoard


def _waved_board(scene: Scene, board: BoardConfig | None) -> WavedBoard | None:
    return WavedBoard(scene, load_board(board.name).size_m) if board is not None and board.held == "waved" else None


class TwinWorld(LockStepWorld):
    """Implements ``World``. Physics runs at the model's 500 Hz, the arm's servos listen at ``control_hz``."""

    def __init__(self, cameras: Sequence[CameraSpec], control_hz: float, task: TwinTask) -> None:
        if task.goal not in GOALS:
            raise ConfigError(unknown("twin goal", task.goal, GOALS))
        for camera in cameras:
            if camera.name not in CAMERAS:
                raise ConfigError(unknown("twin camera", camera.name, CAMERAS))
        self.scene = Scene(JOINTS, tuple(camera.name for camera in cameras), task.board)
        self._waved = _waved_board(self.scene, task.board)
        self.task = task
        self._goal = GOALS[task.goal]
        super().__init__(self.scene, TwinArm(self.scene, control_hz), cameras)

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Draw a start state from ``seed``, let it settle, and return the draws."""
        rng = np.random.default_rng(seed)
        drawn = draws.sample(self.task, rng, len(self.cameras))
        scene = self.scene
        mujoco.mj_resetData(scene.model, scene.data)
        draws.apply(drawn, scene)
        self._place_arm(drawn)
        self.arm.begin(drawn.arm_latency_s, drawn.joint_noise_rad, rng, self.task.start_gripper_opening)
        self._settle()
        self._expose(drawn.image_noise, drawn.camera_latency_s, rng)
        return drawn.as_json()

    def succeeded(self) -> bool:
        """Ground truth of the task."""
        return bool(self._goal(self.scene))

    def _place_arm(self, drawn: draws.Draws) -> None:
        scene = self.scene
        low, high = scene.gripper_range_rad
        scene.data.qpos[scene.joint_qpos] = drawn.start_joint_position_rad
        scene.data.qpos[scene.gripper_qpos] = low + self.task.start_gripper_opening * (high - low)

    def _before(self, now_ns: int) -> None:
        if self._waved is not None:
            self._waved.move(now_ns)
