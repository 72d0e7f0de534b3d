"""What every world of the twin does alike: one scene, one arm, its cameras, and a clock that they step with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from robolearn.contracts import CameraSpec
from robolearn.errors import ConfigError, unknown
from sim.arm import ArmScene, TwinArm
from sim.camera import TwinCamera
from sim.clock import NS, LockStepClock
from sim.renderer import ImageNoise, SceneRenderer

CAMERAS = ("front", "wrist")
SETTLE_S = 0.2


class LockStepWorld:
    """The part of ``World`` that does not depend on the task."""

    def __init__(self, scene: ArmScene, arm: TwinArm, cameras: Sequence[CameraSpec]) -> None:
        """Raises ConfigError for a camera that there is not, and a rate that physics cannot step at."""
        for camera in cameras:
            if camera.name not in CAMERAS:
                raise ConfigError(unknown("twin camera", camera.name, CAMERAS))
        self._model, self._data = scene.model, scene.data
        self._steps = self._physics_steps(arm.spec.control_hz)
        self._renderer = SceneRenderer(scene)
        self._noise = ImageNoise(seed=0)
        self._noise.set_level(0.0)
        self.clock = LockStepClock(arm.spec.control_hz, self._advance)
        self.arm = arm
        self.arms = {arm.spec.name: arm}
        self.cameras: Mapping[str, TwinCamera] = {
            spec.name: TwinCamera(spec, int(scene.model.camera(spec.name).id), self._renderer, self._noise)
            for spec in cameras
        }
        mujoco.mj_forward(scene.model, scene.data)

    def close(self) -> None:
        """Free the OpenGL contexts."""
        self._renderer.close()

    def _settle(self) -> None:
        """Let things come to rest, outside of time."""
        mujoco.mj_forward(self._model, self._data)
        mujoco.mj_step(self._model, self._data, round(SETTLE_S / self._model.opt.timestep))
        mujoco.mj_forward(self._model, self._data)

    def _expose(self, image_noise: float, latency_s: Sequence[float], rng: np.random.Generator) -> None:
        """An episode starts: first frames."""
        self._noise.set_level(image_noise)
        now_ns = self.clock.now_ns()
        for camera, seconds in zip(self.cameras.values(), latency_s, strict=True):
            camera.begin(now_ns, round(seconds * NS), rng)

    def _physics_steps(self, control_hz: float) -> int:
        steps = float(1.0 / (control_hz * self._model.opt.timestep))
        if abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"control_hz {control_hz} is not a whole number of physics steps of {self._model.opt.timestep} s"
            )
        return round(steps)

    def _before(self, now_ns: int) -> None:
        """Something else in the scene moves by itself."""

    def _step_physics(self, _: int) -> None:
        """One control period, from this time [ns] on."""
        mujoco.mj_step(self._model, self._data, self._steps)

    def _advance(self, period_ns: int) -> None:
        now_ns = self.clock.now_ns()
        self._before(now_ns)
        self.arm.advance(now_ns)
        self._step_physics(now_ns)
        now_ns += period_ns
        self.arm.settle(now_ns)
        for camera in self.cameras.values():
            camera.advance(now_ns)
