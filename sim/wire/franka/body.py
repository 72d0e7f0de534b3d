"""The robot behind the virtual FCI: the twin of an FR3, and what its torque sensors make of the outside world."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import ArmBody

CYCLE_S = 0.001
JOINTS = tuple(f"fr3_joint{number}" for number in range(1, 8))
TORQUE_FILTER = 0.05  # share of a new value in the filtered one: some 8 Hz


class Felt(NamedTuple):
    """Loads from outside, signs as the robot tells them: what it exerts on the world is positive."""

    torque_nm: Float  # of the joints (7,)
    wrench_base: Float  # force and torque (6,) at the flange's point of contact, axes of the base


class FrankaBody(ArmBody):
    """An FR3 with its hand."""

    def __init__(self, description: Path) -> None:
        super().__init__(description, JOINTS, CYCLE_S)
        self._jacobian = np.zeros((6, self.model.nv))
        self._torque_nm = np.zeros(len(JOINTS))

    def place(self, position_rad: Float) -> None:
        """Put the joints (7,) somewhere, at rest, and forget what was felt."""
        super().place(position_rad)
        self._torque_nm = np.zeros(len(JOINTS))

    def feel(self, point_base_m: Float) -> Felt:
        """Loads, filtered; the wrench about a point (3,) that moves with the hand. Call once per cycle."""
        data = self.data
        pushed = self._jacobian_at(data.xipos[self._hand])[:3].T @ data.xfrc_applied[self._hand, :3]
        outside = data.qfrc_constraint[self._qvel] + pushed
        self._torque_nm = self._torque_nm + TORQUE_FILTER * (-outside - self._torque_nm)
        wrench, *_ = np.linalg.lstsq(self._jacobian_at(point_base_m).T, self._torque_nm, rcond=None)
        return Felt(self._torque_nm.copy(), np.asarray(wrench, float))

    def twist_base(self, point_base_m: Float) -> Float:
        """Linear and angular velocity (6,) of a point that moves with the hand."""
        return np.asarray(self._jacobian_at(point_base_m) @ self.velocity_rad_s)

    def _jacobian_at(self, point_base_m: Float) -> Float:
        mujoco.mj_jac(self.model, self.data, self._jacobian[:3], self._jacobian[3:], point_base_m, self._hand)
        return self._jacobian[:, self._qvel]
