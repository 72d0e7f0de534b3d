"""The fingers of the twin's 2F-85."""

from __future__ import annotations

import mujoco

STROKE_M = 0.085  # both fingers together
SPEED_M_S = (0.020, 0.150)  # of both together, at speed 0 and 255
FORCE_N = (20.0, 235.0)


class Fingers:
    """Sends the finger joint of a model to an opening, no faster and no harder than it is told."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        joint = model.joint("gripper")
        self._qpos, self._qvel = int(joint.qposadr[0]), int(joint.dofadr[0])
        self._ctrl = int(model.actuator("gripper").id)
        self._goal = self.opening
        self._speed_m_s = SPEED_M_S[0]
        self.hold()

    @property
    def opening(self) -> float:
        """0 closed .. 1 open."""
        return float(self._data.qpos[self._qpos]) * 2.0 / STROKE_M

    @property
    def speed_m_s(self) -> float:
        """Of both fingers together; opening is positive."""
        return float(self._data.qvel[self._qvel]) * 2.0

    @property
    def force_n(self) -> float:
        """Of the drive; opening is positive."""
        return float(self._data.actuator_force[self._ctrl])

    def go(self, opening: float, speed: float, force: float) -> None:
        """To an opening; speed and force are shares of their range, 0 .. 1."""
        self._goal = opening
        self._speed_m_s = SPEED_M_S[0] + speed * (SPEED_M_S[1] - SPEED_M_S[0])
        most_n = FORCE_N[0] + force * (FORCE_N[1] - FORCE_N[0])
        self._model.actuator_forcerange[self._ctrl] = (-most_n, most_n)

    def hold(self) -> None:
        """Stay here."""
        self._goal = self.opening
        self._data.ctrl[self._ctrl] = self._goal * STROKE_M / 2.0

    def step(self, period_s: float) -> None:
        """Move the drive's target on."""
        target_m = self._data.ctrl[self._ctrl]
        step_m = self._speed_m_s * period_s / 2.0
        missing_m = self._goal * STROKE_M / 2.0 - target_m
        self._data.ctrl[self._ctrl] = target_m + min(max(missing_m, -step_m), step_m)
