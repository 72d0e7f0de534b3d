"""Identification of parameters from recorded motion, with a model that is quick to roll out."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.identification import Recording, TwinParameters, error_rad, excitation, identify
from robolearn.contracts import Float
from robolearn.errors import ConfigError, DeviceError

JOINTS = ("a", "b")
PERIOD_S = 0.02
DESCRIBED = TwinParameters(JOINTS, (1.0, 1.0), (0.05, 0.05), (0.02, 0.02), (100.0, 100.0), (2.0, 2.0), 0.0)


def rollout(parameters: TwinParameters, recording: Recording) -> Float:
    """First-order servos: they lag by viscous torque over gain, after the delay."""
    damping, _, _, gain, rate_gain = np.array(parameters.per_joint())
    time_s = np.arange(len(recording.command_rad)) * recording.period_s
    columns = [np.interp(time_s - parameters.delay_s, time_s, column) for column in recording.command_rad.T]
    told, position = np.stack(columns, axis=1), recording.measured_rad[0]
    moved = [position]
    for target in told[:-1]:
        position = position + (target - position) * (1.0 - np.exp(-recording.period_s * gain / (damping + rate_gain)))
        moved.append(position)
    return np.array(moved)


def recorded(truth: TwinParameters, seed: int) -> Recording:
    command = excitation(np.arange(0.0, 6.0, PERIOD_S), len(JOINTS), 0.3, np.random.default_rng(seed))
    moved = rollout(truth, Recording(PERIOD_S, command, np.zeros_like(command)))
    return Recording(PERIOD_S, command, moved + np.random.default_rng(seed).normal(0.0, 0.0004, moved.shape))


def test_identified_servos_reproduce_a_motion_that_was_held_out() -> None:
    truth = TwinParameters(JOINTS, (1.5, 0.7), (0.05, 0.05), (0.02, 0.02), (20.0, 45.0), (2.0, 2.0), 0.03)
    found = identify(rollout, DESCRIBED, [recorded(truth, 0)])
    held_out = recorded(truth, 1)
    assert error_rad(rollout, found.parameters, [held_out]) < error_rad(rollout, DESCRIBED, [held_out]) / 10
    assert found.error_rad < found.start_error_rad / 10
    assert found.parameters.delay_s == pytest.approx(0.03, abs=0.005)


def test_what_the_motion_does_not_tell_stays_as_described() -> None:
    found = identify(rollout, DESCRIBED, [recorded(DESCRIBED, 0)]).parameters
    assert found.friction_nm == pytest.approx(DESCRIBED.friction_nm)
    assert found.armature_kg_m2 == pytest.approx(DESCRIBED.armature_kg_m2)


def test_a_joint_that_did_not_move_is_named() -> None:
    still = recorded(DESCRIBED, 0)
    still.measured_rad[:, 1] = 0.0
    with pytest.raises(DeviceError, match=r"joints \[1\] hardly moved"):
        identify(rollout, DESCRIBED, [still])


def test_too_short_a_recording_is_refused() -> None:
    with pytest.raises(DeviceError, match="100 readings or more"):
        identify(rollout, DESCRIBED, [Recording(*(PERIOD_S, *(part[:50] for part in recorded(DESCRIBED, 0)[1:])))])


def test_parameters_need_one_number_per_joint() -> None:
    with pytest.raises(ConfigError, match="each needs 2 numbers"):
        TwinParameters(JOINTS, (1.0,), (0.05, 0.05), (0.02, 0.02), (100.0, 100.0), (2.0, 2.0), 0.0)
