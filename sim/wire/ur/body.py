"""The robot behind the virtual controller: the twin of the arm, and the sensor in its flange."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import ArmBody
from sim.wire.ur.motion import CYCLE_S

JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
GRAVITY_M_S2 = 9.81


class Body(ArmBody):
    """A UR5e and the sensor in its flange."""

    def __init__(self, description: Path) -> None:
        super().__init__(description, JOINTS, CYCLE_S)
        self._jacobian = np.zeros((6, self.model.nv))

    def flange_twist_base(self) -> Float:
        """Linear and angular velocity (6,) of the flange in the base frame."""
        mujoco.mj_jacSite(self.model, self.data, self._jacobian[:3], self._jacobian[3:], self._flange)
        return np.asarray(self._jacobian @ self.data.qvel)

    def flange_wrench(self) -> Float:
        """Force and torque (6,) that the tool exerts on the flange, weight included, in the flange frame."""
        force, torque = self.data.sensor("flange_force").data, self.data.sensor("flange_torque").data
        return -np.concatenate([force, torque])


def rotation_vector(rotation: Float) -> Float:
    """Axis times angle (3,) [rad] of a rotation matrix (3, 3)."""
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector


def rotation_matrix(vector_rad: Float) -> Float:
    """Rotation matrix (3, 3) of an axis times angle (3,) [rad]."""
    angle = float(np.linalg.norm(vector_rad))
    quaternion, matrix = np.zeros(4), np.zeros(9)
    mujoco.mju_axisAngle2Quat(quaternion, vector_rad / max(angle, 1e-12), angle)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)
