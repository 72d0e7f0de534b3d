"""Identification of the twin: the joint and servo parameters with which it moves as the recorded arm did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import block_diag, csr_matrix, hstack

from calibration.latency import sweep
from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import ConfigError, DeviceError

MAX_DELAY_S = 0.2
FACTOR = 50.0  # a parameter may be found within this factor of its start
LOG_SIGMA = 2.0  # a weak pull towards the start, for what the motion does not tell apart
SPREAD_RAD = 0.001  # of a reading
MIN_SAMPLES = 100
STEPS_HZ, STEP_SHARE = 0.9, 0.1
STEP = 0.02  # finite difference of every unknown: friction is not smooth
ORIGIN = 10.0  # unknowns are counted from here, as scipy takes the step relative to their size
SOFTNESS = (1.0, 0.3, 0.1, 0.03)  # share of the described gain that a search starts from
START_DELAYS_S = (0.01, 0.03)
DELAY_SCALE_S = 0.02
MAX_EVALUATIONS = 12


@dataclass(frozen=True)
class TwinParameters:
    """Result: one number per joint, and one delay from command to servo. Terms are MuJoCo's."""

    joint_names: tuple[str, ...]
    damping_nm_s_rad: Annotated[tuple[float, ...], Key("viscous friction", low=0.0)]
    friction_nm: Annotated[tuple[float, ...], Key("dry friction", low=0.0)]
    armature_kg_m2: Annotated[tuple[float, ...], Key("inertia of the rotor at the joint", low=0.0)]
    gain_nm_rad: Annotated[tuple[float, ...], Key("position gain of the servo", low=0.0)]
    rate_gain_nm_s_rad: Annotated[tuple[float, ...], Key("speed gain of the servo", low=0.0)]
    delay_s: Annotated[float, Key("from command to servo", low=0.0, high=MAX_DELAY_S)]

    def __post_init__(self) -> None:
        """Raise ConfigError unless every parameter has one number per joint."""
        if any(len(values) != len(self.joint_names) for values in self.per_joint()):
            raise ConfigError(f"twin parameters: each needs {len(self.joint_names)} numbers, one per joint")

    @staticmethod
    def of(joint_names: tuple[str, ...], per_joint: Float, delay_s: float) -> TwinParameters:
        """From a table (5, J) in the order of the fields."""
        damping, friction, armature, gain, rate_gain = (tuple(row) for row in np.asarray(per_joint).tolist())
        return TwinParameters(joint_names, damping, friction, armature, gain, rate_gain, delay_s)

    def per_joint(self) -> tuple[tuple[float, ...], ...]:
        """The five parameters (5, J)."""
        return (
            self.damping_nm_s_rad, self.friction_nm, self.armature_kg_m2, self.gain_nm_rad, self.rate_gain_nm_s_rad
        )  # fmt: skip


class Recording(NamedTuple):
    """What an arm was told and what it did, at one rate, from rest."""

    period_s: float
    command_rad: Float  # (N, J) in force from each instant on
    measured_rad: Float  # (N, J) at each instant


def excitation(time_s: Float, joints: int, amplitude_rad: float, rng: np.random.Generator) -> Float:
    """A motion (N, J) [rad] about zero: sweeps for friction and inertia, small steps for the delay."""
    sweeps = [rng.uniform(0.6, 0.9) * sweep(time_s * rng.uniform(0.7, 1.2)) for _ in range(joints)]
    square = np.sign(np.sin(2.0 * np.pi * time_s[:, None] * (STEPS_HZ + 0.13 * np.arange(joints))))
    return amplitude_rad * (np.stack(sweeps, axis=1) + STEP_SHARE * square)


Rollout = Callable[[TwinParameters, Recording], Float]  # what the twin would have measured (N, J) [rad]


class Identified(NamedTuple):
    """Parameters, and the root mean square error [rad] that they and the start leave on what was recorded."""

    parameters: TwinParameters
    error_rad: float
    start_error_rad: float


def error_rad(rollout: Rollout, parameters: TwinParameters, recordings: Sequence[Recording]) -> float:
    """Root mean square difference between twin and recordings [rad]."""
    parts = [(rollout(parameters, one) - one.measured_rad).ravel() for one in recordings]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


def identify(rollout: Rollout, start: TwinParameters, recordings: Sequence[Recording]) -> Identified:
    """Least squares over whole rollouts. Raises DeviceError for recordings that are too short, or do not move.

    A joint's parameters are taken to change that joint's motion alone, which a position servo makes nearly true: one
    rollout then serves the same parameter of all joints at once."""
    _check(recordings)
    joints = len(start.joint_names)
    root = np.sqrt(sum(one.measured_rad.shape[0] for one in recordings))

    def residuals(shifted: Float) -> Float:
        x = shifted - ORIGIN
        parameters = _at(start, x)
        parts = [rollout(parameters, one) - one.measured_rad for one in recordings]
        by_joint = np.concatenate(parts).T.ravel() / (SPREAD_RAD * root) * 10.0
        return np.concatenate([by_joint, x[:-1] / LOG_SIGMA])

    pattern = _pattern(joints, sum(one.measured_rad.shape[0] for one in recordings))
    bound = np.append(np.full(5 * joints, np.log(FACTOR)), MAX_DELAY_S / DELAY_SCALE_S)
    starts = [_softer(joints, share, delay_s) for share in SOFTNESS for delay_s in START_DELAYS_S]
    begin = min(starts, key=lambda x: error_rad(rollout, _at(start, x), recordings))
    found = least_squares(
        residuals, begin + ORIGIN, jac_sparsity=pattern, diff_step=STEP / ORIGIN, x_scale=1.0, loss="linear",
        bounds=(np.append(-bound[:-1], 0.0) + ORIGIN, bound + ORIGIN), xtol=1e-3, ftol=1e-3, max_nfev=MAX_EVALUATIONS,
    )  # fmt: skip
    best = _at(start, found.x - ORIGIN)
    return Identified(best, error_rad(rollout, best, recordings), error_rad(rollout, start, recordings))


def _at(start: TwinParameters, x: Float) -> TwinParameters:
    """``start`` with its numbers multiplied by exp(x), and the delay."""
    values = np.array(start.per_joint()) * np.exp(x[:-1].reshape(5, -1))
    return TwinParameters.of(start.joint_names, values, float(x[-1]) * DELAY_SCALE_S)


def _softer(joints: int, share: float, delay_s: float) -> Float:
    """Unknowns of a servo with a lower gain and the rest as described."""
    x = np.zeros((5, joints))
    x[3] = np.log(share)
    return np.append(x.ravel(), delay_s / DELAY_SCALE_S)


def _pattern(joints: int, samples: int) -> csr_matrix:
    """Which residual depends on which unknown: rows by joint and then the pulls, columns by parameter, joint, delay."""
    one = block_diag([np.ones((samples, 1))] * joints)
    motion = hstack([one] * 5 + [np.ones((samples * joints, 1))])
    pull = hstack([block_diag([np.ones((1, 1))] * (5 * joints)), csr_matrix((5 * joints, 1))])
    return csr_matrix(np.vstack([motion.toarray(), pull.toarray()]))


def _check(recordings: Sequence[Recording]) -> None:
    if sum(len(one.measured_rad) for one in recordings) < MIN_SAMPLES:
        raise DeviceError(f"identification needs {MIN_SAMPLES} readings or more: record it longer")
    still = np.ptp(np.concatenate([one.measured_rad for one in recordings]), axis=0) < 0.05
    if still.any():
        raise DeviceError(f"joints {np.flatnonzero(still).tolist()} hardly moved: every joint must move by 3 degrees")
