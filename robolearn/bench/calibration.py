"""``bench calibration``: what each routine makes of pictures and motions whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from calibration.drift import DriftCheck, reference
from calibration.geometry import angle_deg, rigid
from calibration.hand_eye import HandEye, Look, Mounting, Problem
from calibration.intrinsics import Views
from robolearn.bars import Bar, outcome
from robolearn.bench.calibration_motion import latency_errors_s, twin_ratios
from robolearn.bench.calibration_rig import HEIGHT, JOINTS, READING_RAD, WIDTH, Rig
from robolearn.contracts import Float
from robolearn.statistics import wilson

MAX_FOCAL_SHARE, MAX_M, MAX_DEG, MAX_LATENCY_S, MAX_TWIN_RATIO = 0.003, 0.001, 0.2, 0.005, 1.0 / 3.0
MOVED_M, MOVED_DEG = 0.003, 1.0  # what a drift check must find
MAX_FALSE_ALARMS, MIN_FOUND = 0.01, 0.99
ONE_SIDED_95 = 0.90  # confidence of a two-sided interval whose upper end holds with 95 percent
WAVES, ZERO_ERROR_RAD = 120, math.radians(3.0)
CHANGES = ("camera_3mm", "camera_1deg", *(f"{name}_1deg" for name in JOINTS))


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    cells: int  # drawn cells for intrinsics, hand-eye and joint zeros, of each mounting
    looks: int  # poses looked at in each
    motions: int  # drawn latencies and drawn twins
    unchanged: int  # drift checks of a cell that did not change
    changed: int  # drift checks of each change
    drift_poses: int


FULL = Amount(cells=4, looks=40, motions=5, unchanged=300, changed=15, drift_poses=6)


class Errors(NamedTuple):
    """The largest error of each routine over the drawn cells."""

    focal_share: float
    reprojection_px: float
    hand_eye_m: float
    hand_eye_deg: float
    joint_zero_deg: float


def measure(amount: Amount, seed: int, done: Callable[[str], None]) -> dict[str, Any]:
    """Figures and bars; ``done`` hears of each part that has ended."""
    cells = [Errors(*cell) for cell in _cells(amount, seed, done)]
    worst = Errors(*(max(column) for column in zip(*cells, strict=True)))
    latency = latency_errors_s(amount.motions, seed)
    done("latency measured")
    twins = twin_ratios(amount.motions, seed)
    done("twin identified")
    drift = _drift(amount, seed, done)
    figures = {
        "cells": len(cells),
        "worst": worst._asdict(),
        "median": dict(zip(Errors._fields, np.median(cells, axis=0).tolist(), strict=True)),
        "latency_error_s": latency,
        "twin_error_ratio": twins,
        "drift": drift,
    }
    return outcome({"benchmark": "calibration", "seed": seed, **figures}, _bars(worst, latency, twins, drift))


def _bars(worst: Errors, latency: dict[str, list[float]], twins: list[float], drift: dict[str, Any]) -> list[Bar]:
    return [
        Bar("fx_fy_error_share", worst.focal_share, MAX_FOCAL_SHARE, "<="),
        Bar("hand_eye_error_m", worst.hand_eye_m, MAX_M, "<="),
        Bar("hand_eye_error_deg", worst.hand_eye_deg, MAX_DEG, "<="),
        Bar("joint_zero_error_deg", worst.joint_zero_deg, MAX_DEG, "<="),
        *(Bar(f"{device}_latency_error_s", max(errors), MAX_LATENCY_S, "<=") for device, errors in latency.items()),
        Bar("twin_error_vs_uncalibrated", max(twins), MAX_TWIN_RATIO, "<="),
        Bar("drift_found_share", min(drift["found"].values()), MIN_FOUND, ">="),
        Bar("drift_false_alarms_upper_95", drift["false_alarms_upper_95"], MAX_FALSE_ALARMS, "<="),
    ]


def _cells(amount: Amount, seed: int, done: Callable[[str], None]) -> Iterator[Errors]:
    for mounting in Mounting:
        for number in range(amount.cells):
            with closing(Rig(mounting, seed * 1000 + number)) as rig:
                yield _errors(rig, amount.looks)
            done(f"camera {mounting.value} {number + 1} calibrated")


def _errors(rig: Rig, looks: int) -> Errors:
    """Calibrate one cell as a person would, one routine on the result of the one before it."""
    views = Views(WIDTH, HEIGHT)
    for _ in range(WAVES):
        sighting = rig.board.find(rig.wave())
        if sighting is not None:
            views.offer(sighting)
        if not views.coverage().missing:
            break
    fit = views.fit()
    lens, truth = fit.intrinsics, rig.lens
    focal = max(abs(lens.fx_px / truth.fx_px - 1.0), abs(lens.fy_px / truth.fy_px - 1.0))
    rig.zero_offset_rad = rig.rng.uniform(-1.0, 1.0, len(JOINTS)) * ZERO_ERROR_RAD
    seen = rig.looks(rig.poses(looks))
    zeros = Problem(seen, lens, rig.mounting, rig.tool_pose, READING_RAD).solve(*rig.known(), zeros=True)
    zero_deg = math.degrees(float(np.abs(zeros.zero_offset_rad - rig.zero_offset_rad).max()))
    corrected = [Look(look.joint_position_rad + rig.zero_offset_rad, look.sighting) for look in seen]
    found = Problem(corrected, lens, rig.mounting, rig.tool_pose, READING_RAD).solve().hand_eye
    camera, true = (found.rider, rig.rider) if rig.mounting is Mounting.ON_TOOL else (found.still, rig.still)
    off = true.inverse() @ camera
    return Errors(focal, fit.error_px, float(np.linalg.norm(off.translation_m)), angle_deg(off.rotation), zero_deg)


def _drift(amount: Amount, seed: int, done: Callable[[str], None]) -> dict[str, Any]:
    """Checks of a cell with a camera on the wrist: as it was, and after each change."""
    with closing(Rig(Mounting.ON_TOOL, seed * 1000 + 500)) as rig:
        targets = rig.poses(amount.drift_poses)
        hand_eye = HandEye(rig.mounting, tuple(rig.rider.vector()), tuple(rig.still.vector()))
        kept = reference(rig.board.name, rig.looks(targets), None)
        targets = [np.array(seen.joint_position_rad) for seen in kept.seen]
        check = DriftCheck(kept, hand_eye, rig.lens, rig.tool_pose, JOINTS, READING_RAD)

        def drifted() -> bool:
            return check.check([rig.look(target) for target in targets]).drifted

        alarms = sum(drifted() for _ in range(amount.unchanged))
        done("drift checks of an unchanged cell")
        found = {}
        for change in CHANGES:
            found[change] = sum(_changed(rig, change, drifted) for _ in range(amount.changed)) / amount.changed
            done(f"drift checks after {change}")
    upper = wilson(alarms, amount.unchanged, ONE_SIDED_95).high
    return {"unchanged": amount.unchanged, "false_alarms": alarms, "false_alarms_upper_95": upper, "found": found}


def _changed(rig: Rig, change: str, drifted: Callable[[], bool]) -> bool:
    """What the check says after one ``change``, which is then undone."""
    rider, offset = rig.rider, rig.zero_offset_rad
    if change in ("camera_3mm", "camera_1deg"):
        rig.rider = rider @ rigid(_nudge(rig.rng, change))
    else:
        turned = np.array([f"{name}_1deg" == change for name in JOINTS]) * math.radians(MOVED_DEG)
        rig.zero_offset_rad = offset + rig.rng.choice([-1.0, 1.0]) * turned
    found = drifted()
    rig.rider, rig.zero_offset_rad = rider, offset
    return found


def _nudge(rng: np.random.Generator, change: str) -> Float:
    """A motion (6,) of the camera in a direction drawn at random."""
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    nothing = np.zeros(3)
    if change == "camera_3mm":
        return np.concatenate([nothing, way * MOVED_M])
    return np.concatenate([way * math.radians(MOVED_DEG), nothing])
