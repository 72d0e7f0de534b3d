"""The two fingers of a twin's gripper, which close on each other; everything is of both together."""

from __future__ import annotations

import mujoco


class Fingers:
    """Sends the finger joint of a model to an opening, no faster and no harder than it is told."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        self.stroke_m = 2.0 * float(model.joint("gripper").range[1])
        joint = model.joint("gripper")
        self._qpos, self._qvel = int(joint.qposadr[0]), int(joint.dofadr[0])
        self._ctrl = int(model.actuator("gripper").id)
        self._goal = self.opening
        self._speed_m_s = 0.0
        self.hold()

    @property
    def opening(self) -> float:
        """0 closed .. 1 open."""
        return float(self._data.qpos[self._qpos]) * 2.0 / self.stroke_m

    @property
    def speed_m_s(self) -> float:
        """Of both fingers together; opening is positive."""
        return float(self._data.qvel[self._qvel]) * 2.0

    @property
    def force_n(self) -> float:
        """Of the drive; opening is positive."""
        return float(self._data.actuator_force[self._ctrl])

    def go(self, opening: float, speed_m_s: float, force_n: float) -> None:
        """To an opening, at most so fast and so hard."""
        self._goal, self._speed_m_s = opening, speed_m_s
        self._model.actuator_forcerange[self._ctrl] = (-force_n, force_n)

    def hold(self) -> None:
        """Stay here."""
        self._goal = self.opening
        self._data.ctrl[self._ctrl] = self._goal * self.stroke_m / 2.0

    def step(self, period_s: float) -> None:
        """Move the drive's target on."""
        target_m = self._data.ctrl[self._ctrl]
        step_m = self._speed_m_s * period_s / 2.0
        missing_m = self._goal * self.stroke_m / 2.0 - target_m
        self._data.ctrl[self._ctrl] = target_m + min(max(missing_m, -step_m), step_m)
