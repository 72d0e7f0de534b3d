"""The robot behind the virtual controller: the twin of the arm, its joint servos and the sensor in its flange."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np

from robolearn.contracts import Float
from sim.wire.ur.motion import CYCLE_S, Target

JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
GRAVITY_M_S2 = 9.81


class Body:
    """Physics of one arm, stepped once per controller cycle."""

    def __init__(self, description: Path) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(description))
        self.model.opt.timestep = CYCLE_S
        self.model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self.data = mujoco.MjData(self.model)
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in JOINTS])
        self._qvel = np.array([self.model.joint(name).dofadr[0] for name in JOINTS])
        self._ctrl = np.array([self.model.actuator(name).id for name in JOINTS])
        self._hand = int(self.model.body("hand").id)
        self._flange = int(self.model.site("flange").id)
        self._lead_s = -self.model.actuator_biasprm[self._ctrl, 2] / self.model.actuator_gainprm[self._ctrl, 0]
        self._jacobian = np.zeros((6, self.model.nv))

    def place(self, position_rad: Float) -> None:
        """Put the joints (6,) somewhere, at rest."""
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
        """Joints (6,)."""
        return np.array(self.data.qpos[self._qpos])

    @property
    def velocity_rad_s(self) -> Float:
        """Joint speeds (6,)."""
        return np.array(self.data.qvel[self._qvel])

    @property
    def moment_nm(self) -> Float:
        """Torques of the joint servos (6,)."""
        return np.array(self.data.qfrc_actuator[self._qvel])

    def flange_base(self) -> tuple[Float, Float]:
        """Position (3,) [m] and rotation (3, 3) of the flange in the base frame."""
        data, site = self.data, self._flange
        return data.site_xpos[site].copy(), data.site_xmat[site].reshape(3, 3).copy()

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
