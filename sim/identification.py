"""Rollouts of an arm's description with given joint and servo parameters, for the identification of the twin."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
from mujoco import rollout

from calibration.identification import Recording, TwinParameters
from robolearn.contracts import Float

TIMESTEP_S = 0.002


class ArmRollouts:
    """The arm alone, driven by recorded commands."""

    def __init__(self, description: Path, joint_names: tuple[str, ...]) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(description))
        self.model.opt.timestep = TIMESTEP_S
        self.model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICIT
        self._data = mujoco.MjData(self.model)
        self.nominal = parameters_of(self.model, joint_names)  # as described, without a delay
        self._dofs = np.array([self.model.joint(name).dofadr[0] for name in joint_names])
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in joint_names])
        self._servos = np.array([self.model.actuator(name).id for name in joint_names])

    def __call__(self, parameters: TwinParameters, recording: Recording) -> Float:
        """Joint positions (N, J) [rad] at the instants of the recording, from its first reading at rest."""
        apply(parameters, self.model)
        steps = round(recording.period_s / TIMESTEP_S)
        mujoco.mj_resetData(self.model, self._data)
        self._data.qpos[self._qpos] = recording.measured_rad[0]
        state = np.zeros(mujoco.mj_stateSize(self.model, mujoco.mjtState.mjSTATE_FULLPHYSICS))
        mujoco.mj_getState(self.model, self._data, state, mujoco.mjtState.mjSTATE_FULLPHYSICS)
        count = len(recording.command_rad)
        control = np.zeros((1, (count - 1) * steps, self.model.nu))
        control[0][:, self._servos] = delayed(recording, parameters.delay_s, steps)
        states, _ = rollout.rollout(self.model, self._data, state, control)
        moved = states[0][steps - 1 :: steps, 1 + self._qpos]
        return np.vstack([recording.measured_rad[:1], moved])


def delayed(recording: Recording, delay_s: float, steps: int) -> Float:
    """Command (S, J) at each physics step, averaged over it, so that it changes smoothly with the delay."""
    count = len(recording.command_rad)
    edges_s = np.arange((count - 1) * steps + 1) * TIMESTEP_S - delay_s
    held = np.vstack([np.zeros((1, recording.command_rad.shape[1])), np.cumsum(recording.command_rad, axis=0)])
    index = edges_s / recording.period_s
    whole = np.clip(np.floor(index).astype(int), 0, count - 1)
    share = (index - whole)[:, None]
    integral = held[whole] + share * recording.command_rad[whole]  # before the start the first command is in force
    return np.asarray(np.diff(integral, axis=0) * (recording.period_s / TIMESTEP_S))


def parameters_of(model: mujoco.MjModel, joint_names: tuple[str, ...]) -> TwinParameters:
    """The parameters that ``model`` has, without a delay."""
    dofs = [model.joint(name).dofadr[0] for name in joint_names]
    servos = [model.actuator(name).id for name in joint_names]
    columns = (
        model.dof_damping[dofs], model.dof_frictionloss[dofs], model.dof_armature[dofs],
        model.actuator_gainprm[servos, 0], -model.actuator_biasprm[servos, 2],
    )  # fmt: skip
    return TwinParameters.of(joint_names, np.array(columns), 0.0)


def apply(parameters: TwinParameters, model: mujoco.MjModel) -> None:
    """Give ``model`` the joints and servos of ``parameters``; the delay is not the model's business."""
    dofs = [model.joint(name).dofadr[0] for name in parameters.joint_names]
    servos = [model.actuator(name).id for name in parameters.joint_names]
    model.dof_damping[dofs] = parameters.damping_nm_s_rad
    model.dof_frictionloss[dofs] = parameters.friction_nm
    model.dof_armature[dofs] = parameters.armature_kg_m2
    model.actuator_gainprm[servos, 0] = parameters.gain_nm_rad
    model.actuator_biasprm[servos, 1] = -np.array(parameters.gain_nm_rad)
    model.actuator_biasprm[servos, 2] = -np.array(parameters.rate_gain_nm_s_rad)
