"""The cell around a virtual SO-101: the task's scene, reset on demand, and its cameras in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import mujoco
import numpy as np

from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import ConfigError, unknown
from sim import draws
from sim.arm import JOINTS
from sim.config import TwinTask
from sim.goals import GOALS
from sim.lockstep import CAMERAS
from sim.renderer import ImageNoise, SceneRenderer
from sim.scene import Scene
from sim.wire.realtime import RealTime


class VirtualCell:
    """The scene of a task. Its owner holds the lock of the physics."""

    def __init__(self, task: TwinTask, cameras: Sequence[CameraSpec]) -> None:
        """Raises ConfigError for a camera that the scene has not."""
        for camera in cameras:
            if camera.name not in CAMERAS:
                raise ConfigError(unknown("camera of the virtual cell", camera.name, CAMERAS))
        self.scene = Scene(JOINTS, tuple(camera.name for camera in cameras))
        self.cameras = tuple(cameras)
        self.noise_level = 0.0
        self._task = task

    def reset(self, seed: int) -> dict[str, Any]:
        """Put objects and arm where the draws of ``seed`` say, and return the draws."""
        scene, rng = self.scene, np.random.default_rng(seed)
        drawn = draws.sample(self._task, rng, len(self.cameras))
        mujoco.mj_resetData(scene.model, scene.data)
        draws.apply(drawn, scene)
        low, high = scene.gripper_range_rad
        scene.data.qpos[scene.joint_qpos] = drawn.start_joint_position_rad
        scene.data.qpos[scene.gripper_qpos] = low + self._task.start_gripper_opening * (high - low)
        mujoco.mj_forward(scene.model, scene.data)
        self.noise_level = drawn.image_noise
        return drawn.as_json()

    def succeeded(self) -> bool:
        """Ground truth of the task."""
        return bool(GOALS[self._task.goal](self.scene))


@dataclass
class _View:
    spec: CameraSpec
    camera_id: int
    newest: Frame | None = None

    def look(self) -> Frame | None:
        return self.newest


class CellCameras:
    """Takes the pictures of a cell in a thread of its own, as OpenGL wants it; a context manager.

    Physics and wires wait while a moment is kept, not while it is drawn."""

    def __init__(self, cell: VirtualCell, real: RealTime) -> None:
        self._cell, self._real = cell, real
        self._views = [_View(spec, at) for spec, at in zip(cell.cameras, cell.scene.camera_ids, strict=True)]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)
        self._rng = np.random.default_rng(0)
        self._noise_level = -1.0

    @property
    def cameras(self) -> dict[str, Callable[[], Frame | None]]:
        """Newest picture of each camera; None before the first."""
        return {view.spec.name: view.look for view in self._views}

    def __enter__(self) -> CellCameras:
        if self._views:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        if self._views:
            self._thread.join()

    def _run(self) -> None:
        renderer, noise = SceneRenderer(self._cell.scene), ImageNoise(seed=0)
        for view in self._views:
            renderer.prepare(view.spec.width, view.spec.height)
        period_s = 1.0 / max(view.spec.fps for view in self._views)
        due_s = time.monotonic()
        while not self._closing.wait(max(0.0, due_s - time.monotonic())):
            self._expose(renderer, noise)
            due_s = max(due_s + period_s, time.monotonic())
        renderer.close()

    def _expose(self, renderer: SceneRenderer, noise: ImageNoise) -> None:
        for view in self._views:
            with self._real.lock:
                self._real.catch_up()
                stamp_ns, moment, level = time.monotonic_ns(), renderer.moment(), self._cell.noise_level
            rgb = renderer.render(view.camera_id, view.spec.width, view.spec.height, moment)
            if level != self._noise_level:
                noise.set_level(level)
                self._noise_level = level
            view.newest = Frame(stamp_ns, noise.add(rgb, self._rng))
