"""An arm whose joints are read and commanded from their true zeros, as the station's calibration has found them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration import artefacts
from calibration.joints import JointZeros
from robolearn.contracts import Arm, ArmCommand, ArmSpec, ArmState, CommandMode, Executed, Float
from robolearn.errors import BorderError, ConfigError
from robolearn.kinematics import Kinematics


def with_true_zeros(arm: Arm, station: str, calibration: str | None, kinematics: Kinematics) -> Arm:
    """``arm`` with its offsets if the folder ``calibration`` holds any for it, else ``arm`` itself.

    Raises ConfigError if they are for other joints, or damaged."""
    if calibration is None:
        return arm
    found = artefacts.find(artefacts.folder_of(station, calibration), arm.spec.name, JointZeros)
    if found is None:
        return arm
    zeros = found.result
    if zeros.joint_names != arm.spec.joint_names:
        raise ConfigError(
            f"arm {arm.spec.name}: its joint zeros are for {zeros.joint_names}, it has {arm.spec.joint_names}: "
            "run robolearn calibrate joints"
        )
    return TrueZeros(arm, np.array(zeros.offset_rad), kinematics)


class TrueZeros:
    """Implements ``Arm`` around another, for JOINT_POSITION commands: true angle = device's angle + offset.

    With an offset of +0.01 rad, a device that reads 0.50 is told as 0.51, and a command of 0.51 reaches it as 0.50."""

    def __init__(self, arm: Arm, offset_rad: Float, kinematics: Kinematics) -> None:
        self._arm, self._offset, self._kinematics = arm, offset_rad, kinematics
        self._spec = replace(arm.spec, modes=(CommandMode.JOINT_POSITION,))

    @property
    def spec(self) -> ArmSpec:
        """The device's, for joint positions alone: a pose would go by the device's own zeros."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """The device's."""
        return self._arm.fault

    def connect(self) -> None:
        """As the device."""
        self._arm.connect()

    def close(self) -> None:
        """As the device."""
        self._arm.close()

    def read(self) -> ArmState:
        """The device's reading with true joints, and the tool's pose that follows from them."""
        state = self._arm.read()
        joints = state.joint_position_rad + self._offset
        position, quaternion = self._kinematics.tool_quaternion_base(joints)
        return state._replace(
            joint_position_rad=joints,
            ee_position_base_m=position,
            ee_quaternion_base_wxyz=quaternion,
        )

    def command(self, command: ArmCommand) -> Executed:
        """Send true joint positions; what was executed comes back as such. Raises as the device does."""
        if command.mode is not CommandMode.JOINT_POSITION:
            mode = command.mode.value
            raise BorderError(f"{self._spec.name} command: mode {mode!r} cannot pass. Valid: 'joint_position'.")
        done = self._arm.command(command._replace(values=command.values - self._offset))
        return Executed(done.command._replace(values=done.command.values + self._offset), done.clips)

    def stop(self, reason: str) -> None:
        """As the device."""
        self._arm.stop(reason)

    def rearm(self) -> None:
        """As the device."""
        self._arm.rearm()
