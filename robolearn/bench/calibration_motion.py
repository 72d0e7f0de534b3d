"""Motions whose truth is known: latencies that were put in, and an arm that is not as its description says."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np

from calibration.hand_eye import Mounting
from calibration.identification import Recording, TwinParameters, error_rad, excitation, identify
from calibration.latency import Signal, delay, main_motion, sweep
from robolearn.bench.calibration_rig import HOME_RAD, JOINTS, STEP_RAD, Rig
from robolearn.contracts import Float
from robolearn.descriptions import description
from sim.identification import ArmRollouts

PERIOD_S = 0.02
REST_S, SWEEP_S, RECORDING_S = 1.0, 10.0, 6.0
CAMERA_HZ, AMPLITUDE_RAD = 15.0, 0.10
EXCITED_FROM_RAD, EXCITED_RAD = np.array([0.0, -0.38, 0.28, 1.0, 0.0]), 0.35
LATENCY_RANGE_S = (0.0, 0.15)
# How far a real servo may be from its description, as a factor: it is mostly softer than the figures promise.
FACTORS = np.array([(0.4, 2.5), (0.4, 2.5), (0.4, 2.5), (0.03, 0.3), (0.2, 1.0)])
DELAY_RANGE_S = (0.005, 0.04)
PAYLOAD_KG = 0.03  # on the real gripper, unknown to the twin


def latency_errors_s(draws: int, seed: int) -> dict[str, list[float]]:
    """Error [s] of each drawn latency, of an arm and of a camera."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, REST_S + SWEEP_S, PERIOD_S)
    command = HOME_RAD + AMPLITUDE_RAD * sweep(np.maximum(time_s - REST_S, 0.0))[:, None] * np.ones(len(JOINTS))
    rollouts = ArmRollouts(description("so101"), JOINTS)
    arm, camera = [], []
    frames = _frames(rollouts, command, seed)
    for _ in range(draws):
        late_s = float(rng.uniform(*LATENCY_RANGE_S))
        recording = _moved(rollouts, replace(rollouts.nominal, delay_s=late_s), command)
        read = delay(Signal(time_s + PERIOD_S / 2, command[:, 0]), Signal(time_s, recording.measured_rad[:, 0]))
        arm.append(abs(read.delay_s - late_s - _servo_lag_s(rollouts.nominal)))
        late_s = float(rng.uniform(*LATENCY_RANGE_S))
        seen = delay(Signal(time_s, frames.joint_rad), frames.signal._replace(time_s=frames.signal.time_s + late_s))
        camera.append(abs(seen.delay_s - late_s))
    return {"arm": arm, "camera": camera}


def twin_ratios(draws: int, seed: int) -> list[float]:
    """Error of the identified twin over that of the described one, on a motion that was held out, per drawn arm."""
    rng = np.random.default_rng(seed)
    twin, real = ArmRollouts(description("so101"), JOINTS), ArmRollouts(description("so101"), JOINTS)
    real.model.body_mass[real.model.body("gripper").id] += PAYLOAD_KG
    ratios = []
    for _ in range(draws):
        truth = _drawn(twin.nominal, rng)
        fitted, held_out = (_moved(real, truth, _excited(rng)) for _ in range(2))
        found = identify(twin, twin.nominal, [fitted]).parameters
        ratios.append(error_rad(twin, found, [held_out]) / error_rad(twin, twin.nominal, [held_out]))
    return ratios


class _Frames:
    """What a camera on the tool saw of the board while the first joint moved."""

    def __init__(self, joint_rad: Float, signal: Signal) -> None:
        self.joint_rad, self.signal = joint_rad, signal


def _frames(rollouts: ArmRollouts, command: Float, seed: int) -> _Frames:
    moved = _moved(rollouts, rollouts.nominal, command, counted=False)
    time_s = np.arange(len(command)) * PERIOD_S
    exposed_s = np.arange(REST_S / 2, time_s[-1], 1.0 / CAMERA_HZ)
    places, seen_s = [], []
    with closing(Rig(Mounting.ON_TOOL, seed)) as rig:
        for stamp in exposed_s.tolist():
            joints = np.array([np.interp(stamp, time_s, column) for column in moved.measured_rad.T])
            sighting = rig.board.find(rig.photograph(joints))
            if sighting is not None:
                places.append(dict(zip(sighting.ids.tolist(), sighting.corners_px, strict=True)))
                seen_s.append(stamp)
    common = sorted(set.intersection(*(set(place) for place in places)))
    tracks = np.array([np.concatenate([place[number] for number in common]) for place in places])
    counted = np.round(moved.measured_rad[:, 0] / STEP_RAD) * STEP_RAD
    return _Frames(counted, Signal(np.array(seen_s), main_motion(tracks)))


def _moved(rollouts: ArmRollouts, truth: TwinParameters, command: Float, counted: bool = True) -> Recording:
    """What an arm as ``truth`` does; its encoders count in whole steps."""
    start = Recording(PERIOD_S, np.repeat(command[:1], 100, axis=0), np.repeat(command[:1], 100, axis=0))
    settled = rollouts(truth, start)[-1:]
    moved = rollouts(truth, Recording(PERIOD_S, command, np.repeat(settled, len(command), axis=0)))
    return Recording(PERIOD_S, command, np.round(moved / STEP_RAD) * STEP_RAD if counted else moved)


def _excited(rng: np.random.Generator) -> Float:
    return EXCITED_FROM_RAD + excitation(np.arange(0.0, RECORDING_S, PERIOD_S), len(JOINTS), EXCITED_RAD, rng)


def _drawn(nominal: TwinParameters, rng: np.random.Generator) -> TwinParameters:
    low, high = np.log(FACTORS).T
    factors = np.exp(rng.uniform(low[:, None], high[:, None], (5, len(JOINTS))))
    return TwinParameters.of(JOINTS, np.array(nominal.per_joint()) * factors, float(rng.uniform(*DELAY_RANGE_S)))


def _servo_lag_s(parameters: TwinParameters) -> float:
    """How far a position servo lags behind a slow motion: viscous torque over gain."""
    return (parameters.damping_nm_s_rad[0] + parameters.rate_gain_nm_s_rad[0]) / parameters.gain_nm_rad[0]
