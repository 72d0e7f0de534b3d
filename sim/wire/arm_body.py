"""The robot behind a virtual controller: the twin of an arm, and its joint servos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np

from robolearn.contracts import Float


class Target(NamedTuple):
    """Where the joints are sent now, (J,) each."""

    position_rad: Float
    velocity_rad_s: Float


class ArmBody:
    """Physics of one arm, stepped once per cycle. Its description has a body ``hand`` and a site ``flange``."""

    def __init__(self, description: Path, joints: Sequence[str], cycle_s: float) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(description))
        self.model.opt.timestep = cycle_s
        self.model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self.data = mujoco.MjData(self.model)
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in joints])
        self._qvel = np.array([self.model.joint(name).dofadr[0] for name in joints])
        self._ctrl = np.array([self.model.actuator(name).id for name in joints])
        self._hand = int(self.model.body("hand").id)
        self._flange = int(self.model.site("flange").id)
        self._lead_s = -self.model.actuator_biasprm[self._ctrl, 2] / self.model.actuator_gainprm[self._ctrl, 0]

    def place(self, position_rad: Float) -> None:
        """Put the joints (J,) somewhere, at rest."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._qpos] = position_rad
        self.data.ctrl[self._ctrl] = position_rad
        mujoco.mj_forward(self.model, self.data)

    def step(self, target: Target) -> None:
        """One cycle of the joint servos towards ``target``; its velocity makes up for their lag."""
        self.data.ctrl[self._ctrl] = target.position_rad + self._lead_s * target.velocity_rad_s
        mujoco.mj_step(self.model, self.data)

    def push(self, force_base_n: list[float]) -> None:
        """Push at the hand with a force (3,) in the base frame from now on, as a person would."""
        self.data.xfrc_applied[self._hand, :3] = force_base_n

    @property
    def position_rad(self) -> Float:
        """Joints (J,)."""
        return np.array(self.data.qpos[self._qpos])

    @property
    def velocity_rad_s(self) -> Float:
        """Joint speeds (J,)."""
        return np.array(self.data.qvel[self._qvel])

    @property
    def moment_nm(self) -> Float:
        """Torques of the joint servos (J,)."""
        return np.array(self.data.qfrc_actuator[self._qvel])

    def flange_base(self) -> tuple[Float, Float]:
        """Position (3,) [m] and rotation (3, 3) of the flange in the base frame."""
        data, site = self.data, self._flange
        return data.site_xpos[site].copy(), data.site_xmat[site].reshape(3, 3).copy()
