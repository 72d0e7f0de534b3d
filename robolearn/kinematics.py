"""Kinematics of an arm from its MJCF description: forward by MuJoCo, inverse by mink (damped least squares)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from robolearn.contracts import Float
from robolearn.headless import choose_gl_backend

choose_gl_backend()

import mink  # noqa: E402
import mujoco  # noqa: E402


class Kinematics:
    """Tool pose of joint angles, and joint angles that follow a tool pose.

    ``joint_names`` are the J joints of the arm in command order; other joints of the description (the gripper) stay
    at zero. Not thread-safe: one instance per control loop."""

    def __init__(self, description: Path, joint_names: tuple[str, ...], tool_site: str = "tool") -> None:
        self._made_of = (description, joint_names, tool_site)
        self._model = mujoco.MjModel.from_xml_path(str(description))
        self._configuration = mink.Configuration(self._model)
        self._columns = np.array([self._model.joint(name).qposadr[0] for name in joint_names])
        self._site = self._model.site(tool_site).id
        self._task = mink.FrameTask(tool_site, "site", position_cost=1.0, orientation_cost=0.1, lm_damping=1e-4)
        self._full = np.zeros(self._model.nq)
        self.pan_axis_base_m = self._model.body(self._model.joint(joint_names[0]).bodyid[0]).pos[:2].copy()

    def another(self) -> Kinematics:
        """The same, for another thread."""
        return Kinematics(*self._made_of)

    def tool_pose_base(self, joint_position_rad: Float) -> tuple[Float, Float]:
        """Position (3,) [m] and rotation matrix (3, 3) of the tool in the base frame."""
        data = self._update(joint_position_rad)
        return data.site_xpos[self._site].copy(), data.site_xmat[self._site].reshape(3, 3).copy()

    def tool_quaternion_base(self, joint_position_rad: Float) -> tuple[Float, Float]:
        """Position (3,) [m] and quaternion wxyz (4,) of the tool in the base frame."""
        data, quaternion = self._update(joint_position_rad), np.zeros(4)
        mujoco.mju_mat2Quat(quaternion, data.site_xmat[self._site])
        return data.site_xpos[self._site].copy(), quaternion

    def tool_position_base_m(self, joint_position_rad: Float) -> Float:
        """Position (3,) [m] of the tool in the base frame."""
        data = self._data(joint_position_rad)
        mujoco.mj_kinematics(self._model, data)
        return np.array(data.site_xpos[self._site])

    def follow(
        self, joint_position_rad: Float, position_base_m: Float, rotation_base: Float, dt_s: float,
        lower_rad: Float | float = -np.inf, upper_rad: Float | float = np.inf,
    ) -> Float:  # fmt: skip
        """One differential step from ``joint_position_rad`` (J,) towards a tool pose; returns new joints (J,) [rad].

        A joint that would leave ``lower_rad`` or ``upper_rad`` (J,) stays at its end, and the others make up for it."""
        self._update(joint_position_rad)
        rotation = mink.SO3.from_matrix(rotation_base)
        self._task.set_target(mink.SE3.from_rotation_and_translation(rotation, position_base_m))
        problem = mink.build_ik(self._configuration, [self._task], dt_s, damping=1e-6, limits=[])
        weights, pull = problem.P[np.ix_(self._columns, self._columns)], problem.q[self._columns]
        low, high = lower_rad - joint_position_rad, upper_rad - joint_position_rad
        return np.clip(joint_position_rad + _least(weights, pull, low, high), lower_rad, upper_rad)

    def _data(self, joint_position_rad: Float) -> mujoco.MjData:
        data = self._configuration.data
        data.qpos[self._columns] = joint_position_rad
        return data

    def _update(self, joint_position_rad: Float) -> mujoco.MjData:
        self._full[self._columns] = joint_position_rad
        self._configuration.update(self._full)
        return self._configuration.data


def _least(weights: Float, pull: Float, low: Float, high: Float) -> Float:
    """The step x (J,) of least x W x / 2 + p x, each of whose parts is fixed at the bound that it would go beyond."""
    step, free = np.zeros(len(pull)), np.ones(len(pull), bool)
    while free.any():
        rest = pull[free] + weights[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(weights[np.ix_(free, free)], -rest)
        beyond = free & ((step < low) | (step > high))
        if not beyond.any():
            break
        step[beyond] = np.clip(step[beyond], low[beyond], high[beyond])
        free &= ~beyond
    return step
