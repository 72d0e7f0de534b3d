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
from sim.camera import TwinCamera
from sim.clock import NS, LockStepClock
from sim.config import BoardConfig, TwinTask
from sim.goals import GOALS
from sim.renderer import ImageNoise, SceneRenderer
from sim.scene import Scene
from sim.waving import WavedBoard

CAMERAS = ("front", "wrist")
SETTLE_S = 0.2


def _waved_board(scene: Scene, board: BoardConfig | None) -> WavedBoard | None:
    return WavedBoard(scene, load_board(board.name).size_m) if board is not None and board.held == "waved" else None


class TwinWorld:
    """Implements ``World``. Physics runs at the model's 500 Hz, the arm's servos listen at ``control_hz``."""

    def __init__(self, cameras: Sequence[CameraSpec], control_hz: float, task: TwinTask) -> None:
        for camera in cameras:
            if camera.name not in CAMERAS:
                raise ConfigError(unknown("twin camera", camera.name, CAMERAS))
        if task.goal not in GOALS:
            raise ConfigError(unknown("twin goal", task.goal, GOALS))
        self.scene = Scene(JOINTS, tuple(camera.name for camera in cameras), task.board)
        self._waved = _waved_board(self.scene, task.board)
        self.task = task
        self._goal = GOALS[task.goal]
        self._steps = self._physics_steps(control_hz)
        self._renderer = SceneRenderer(self.scene)
        self._noise = ImageNoise(seed=0)
        self._noise.set_level(0.0)
        self.clock = LockStepClock(control_hz, self._advance)
        self.arm = TwinArm(self.scene, control_hz)
        self.arms = {self.arm.spec.name: self.arm}
        self.cameras = {
            spec.name: TwinCamera(spec, camera_id, self._renderer, self._noise)
            for spec, camera_id in zip(cameras, self.scene.camera_ids, strict=True)
        }
        mujoco.mj_forward(self.scene.model, self.scene.data)

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Draw a start state from ``seed``, let it settle, and return the draws."""
        rng = np.random.default_rng(seed)
        drawn = draws.sample(self.task, rng, len(self.cameras))
        scene = self.scene
        mujoco.mj_resetData(scene.model, scene.data)
        draws.apply(drawn, scene)
        self._place_arm(drawn)
        self.arm.begin(drawn.arm_latency_s, drawn.joint_noise_rad, rng, self.task.start_gripper_opening)
        mujoco.mj_forward(scene.model, scene.data)
        mujoco.mj_step(scene.model, scene.data, round(SETTLE_S / scene.model.opt.timestep))
        mujoco.mj_forward(scene.model, scene.data)
        self._noise.set_level(drawn.image_noise)
        now_ns = self.clock.now_ns()
        for camera, latency_s in zip(self.cameras.values(), drawn.camera_latency_s, strict=True):
            camera.begin(now_ns, round(latency_s * NS), rng)
        return drawn.as_json()

    def succeeded(self) -> bool:
        """Ground truth of the task."""
        return bool(self._goal(self.scene))

    def close(self) -> None:
        """Free the OpenGL contexts."""
        self._renderer.close()

    def _place_arm(self, drawn: draws.Draws) -> None:
        scene = self.scene
        low, high = scene.gripper_range_rad
        scene.data.qpos[scene.joint_qpos] = drawn.start_joint_position_rad
        scene.data.qpos[scene.gripper_qpos] = low + self.task.start_gripper_opening * (high - low)

    def _physics_steps(self, control_hz: float) -> int:
        steps = float(1.0 / (control_hz * self.scene.model.opt.timestep))
        if abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"control_hz {control_hz} is not a whole number of physics steps of {self.scene.model.opt.timestep} s"
            )
        return round(steps)

    def _advance(self, period_ns: int) -> None:
        now_ns = self.clock.now_ns()
        if self._waved is not None:
            self._waved.move(now_ns)
        self.arm.advance(now_ns)
        mujoco.mj_step(self.scene.model, self.scene.data, self._steps)
        now_ns += period_ns
        self.arm.settle(now_ns)
        for camera in self.cameras.values():
            camera.advance(now_ns)
