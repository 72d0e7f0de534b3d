"""The servos behind a virtual servo bus: what their registers ask for, moved and felt by the twin's physics.

One column per servo. Protocols write the public arrays and read the measured ones, between steps.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np

from robolearn.contracts import Float
from sim.scene import Scene

UNLIMITED = 1e9
STALL_TORQUE_NM = 2.94
STALL_CURRENT_A = 2.7
SUPPLY_V = 12.0
SUPPLY_OHM = 0.1
ROOM_C = 25.0
# A motor is not described by its maker as a heater; these let it reach 70 °C after some minutes at stall.
HEAT_C_PER_S = 0.5
COOLING_PER_S = 1.0 / 150.0


class ServoJoints:
    """Position servos on the joints of a scene: trapezoid profile, torque limit, and gain as a share of the model's."""

    def __init__(self, scene: Scene, actuators: tuple[str, ...]) -> None:
        self._model, self._data = scene.model, scene.data
        ids = [self._model.actuator(name).id for name in actuators]
        joints = [self._model.actuator(name).trnid[0] for name in actuators]
        self._ctrl, self._qpos = np.array(ids), self._model.jnt_qposadr[joints]
        self._qvel = self._model.jnt_dofadr[joints]
        self._gain = self._model.actuator_gainprm[self._ctrl, 0].copy()
        self._bias = self._model.actuator_biasprm[self._ctrl, 1:3].copy()
        self.period_s = float(self._model.opt.timestep)
        count = len(ids)
        self.goal_rad = np.zeros(count)
        self.speed_rad_s = np.full(count, UNLIMITED)  # of the profile
        self.acceleration_rad_s2 = np.full(count, UNLIMITED)
        self.enabled = np.zeros(count, bool)
        self.torque_share = np.ones(count)  # of the stall torque
        self.gain_share = np.ones(count)  # of the model's proportional gain
        self.temperature_c = np.full(count, ROOM_C)
        self.rest()

    @property
    def position_rad(self) -> Float:
        """Joint angles (N,)."""
        return np.asarray(self._data.qpos[self._qpos])

    @property
    def velocity_rad_s(self) -> Float:
        """Joint speeds (N,)."""
        return np.asarray(self._data.qvel[self._qvel])

    @property
    def load(self) -> Float:
        """Torque of the motors (N,), share of stall torque, -1..1."""
        return np.asarray(self._data.actuator_force[self._ctrl] / STALL_TORQUE_NM)

    @property
    def current_a(self) -> Float:
        """Current of the motors (N,), never negative."""
        return np.asarray(np.abs(self.load) * STALL_CURRENT_A)

    @property
    def voltage_v(self) -> float:
        """Supply at the servos: it sags under load."""
        return SUPPLY_V - SUPPLY_OHM * float(self.current_a.sum())

    def rest(self) -> None:
        """Make the present position the target of every servo."""
        self.goal_rad[:] = self._data.qpos[self._qpos]
        self._data.ctrl[self._ctrl] = self.goal_rad
        self._profile_speed = [0.0] * len(self._ctrl)  # [rad/s]

    def refresh(self) -> None:
        """Take over enabled, torque_share and gain_share. Call it after changing them.

        A servo that is off follows by itself, so that it holds where it is when it is switched on."""
        model, on = self._model, self.enabled
        gain = np.where(on, self.gain_share, 0.0)
        model.actuator_gainprm[self._ctrl, 0] = self._gain * gain
        model.actuator_biasprm[self._ctrl, 1] = self._bias[:, 0] * gain
        model.actuator_biasprm[self._ctrl, 2] = self._bias[:, 1] * on
        limit = STALL_TORQUE_NM * self.torque_share
        model.actuator_forcerange[self._ctrl] = np.stack([-limit, limit], axis=1)

    def step(self) -> None:
        """One step of physics."""
        ctrl = self._data.ctrl[self._ctrl]
        left_rad = (self.goal_rad - ctrl).tolist()
        limits = self.speed_rad_s.tolist(), self.acceleration_rad_s2.tolist()
        profile = zip(self._profile_speed, left_rad, *limits, strict=True)
        self._profile_speed = [_next_speed(*joint, self.period_s) for joint in profile]
        led = ctrl + np.array(self._profile_speed) * self.period_s
        self._data.ctrl[self._ctrl] = np.where(self.enabled, led, self._data.qpos[self._qpos])
        mujoco.mj_step(self._model, self._data)

    def warm(self, passed_s: float) -> None:
        """The motors have been under their load for ``passed_s``."""
        heating = HEAT_C_PER_S * (self.load**2) - COOLING_PER_S * (self.temperature_c - ROOM_C)
        self.temperature_c += heating * passed_s


def _next_speed(speed_rad_s: float, left_rad: float, most_rad_s: float, acceleration: float, dt: float) -> float:
    """Speed of a trapezoid profile in its next step, towards a target that is ``left_rad`` away."""
    distance_rad = abs(left_rad)
    most_rad_s = min(most_rad_s, math.sqrt(2.0 * acceleration * distance_rad), distance_rad / dt)
    change = acceleration * dt
    return min(max(math.copysign(most_rad_s, left_rad), speed_rad_s - change), speed_rad_s + change)
