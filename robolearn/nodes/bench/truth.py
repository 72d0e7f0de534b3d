"""What the arm really did, from the log of whoever moves it: against the limits, and how soon it came to rest."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robolearn.contracts import Float
from robolearn.kinematics import Kinematics
from robolearn.station import StationConfig

GAP_S = 0.15  # commands come every 20 ms: their stream has ended if for so long there is none,
END_S = 0.4  # and for so long one at most: that of a watchdog, to hold still
LOOK_S = 0.9  # after the end of a stream, unless another begins before
STILL_RAD = 0.01
JOINT_SLACK_RAD = 0.03  # a servo overshoots what it was told
TOOL_SLACK_M = 0.01
SPEED_SLACK = 1.25
WINDOW = 50  # rows, 0.1 s, over which a speed is taken: a servo that lags behind its target catches up
JUMP_RAD = 0.02  # within 2 ms: no motion, but a reset


class Truth(NamedTuple):
    """One log, a row for each 2 ms of its time."""

    time_s: Float  # (N,)
    commands: Float  # (N,) that had reached the arm
    joints_rad: Float  # (N, J)
    tool_base_m: Float  # (N, 3)


def of_twin(path: Path, station: StationConfig) -> Truth:
    """The log of a :class:`~robolearn.nodes.bench.faulty_twin.LoggedWorld`, a process of its own."""
    rows = _rows(path, 2 + len(station.joint_names) + 3)
    return _begun(Truth(rows[:, 0], rows[:, 1], rows[:, 2:-3], rows[:, -3:]), station)


def of_servos(path: Path, station: StationConfig, kinematics: Kinematics) -> Truth:
    """The log of a virtual servo arm, whose last servo is the gripper."""
    joints = len(station.joint_names)
    rows = _rows(path, 2 + 2 * (joints + 1))
    tool = np.array([kinematics.tool_position_base_m(row) for row in rows[:, 1 : 1 + joints]]).reshape(-1, 3)
    return _begun(Truth(rows[:, 0], rows[:, -1], rows[:, 1 : 1 + joints], tool), station)


def outside(truth: Truth, station: StationConfig) -> dict[str, list[float]]:
    """Motions out of each limit: when [s] the arm went from inside to outside."""
    limits = station.limits
    low, high = np.array(limits.joint_lower_rad), np.array(limits.joint_upper_rad)
    joints = (truth.joints_rad < low - JOINT_SLACK_RAD) | (truth.joints_rad > high + JOINT_SLACK_RAD)
    shares, shares_s = _speed_shares(truth, station)
    return {
        "joint_range": _entries(joints, truth.time_s),
        "joint_speed": _entries(shares > SPEED_SLACK, shares_s),
        "workspace": _entries(_strayed_m(truth, station)[:, None] > TOOL_SLACK_M, truth.time_s),
    }


def excess(truth: Truth, station: StationConfig) -> dict[str, float]:
    """How far beyond each limit the arm went at most; zero or less: it did not."""
    limits = station.limits
    joints = np.maximum(limits.joint_lower_rad - truth.joints_rad, truth.joints_rad - limits.joint_upper_rad)
    shares, _ = _speed_shares(truth, station)
    most = {
        "joint_range_rad": joints.max(),
        "joint_speed_share": shares.max(initial=0.0) - 1.0,
        "workspace_m": _strayed_m(truth, station).max(),
    }
    return {name: float(value) for name, value in most.items()}


def rest_s(truth: Truth, from_s: float) -> float | None:
    """Time from the last command of a stream that ended after ``from_s`` until the arm was at rest; None: none did.

    What ends a stream at once ends it after the command before: one that ran until then is meant as well."""
    sent = np.flatnonzero(np.diff(truth.commands) > 0)
    sent = sent[truth.time_s[sent] >= from_s - GAP_S]
    sent_s = np.concatenate([truth.time_s[sent], truth.time_s[[-1, -1]]])
    ends = np.flatnonzero((np.diff(sent_s)[:-1] > GAP_S) & (sent_s[2:] - sent_s[:-2] > END_S))
    if not len(ends):
        return None
    first, end_s = int(sent[ends[0]]), float(sent_s[ends[0]])
    until_s = min(end_s + LOOK_S, sent_s[ends[0] + 2])
    last = min([int(np.searchsorted(truth.time_s, until_s)), *(first + np.flatnonzero(_jumps(truth)[first:])[:1])])
    joints = truth.joints_rad[first:last]
    moving = np.flatnonzero(np.abs(joints - joints[-1]).max(axis=1) > STILL_RAD)
    return float(truth.time_s[first + moving[-1]]) - end_s if len(moving) else 0.0


def _strayed_m(truth: Truth, station: StationConfig) -> Float:
    """How far out of the workspace (N,), less than zero inside; where a reset put it outside, from there on."""
    box, tool = station.limits.workspace, truth.tool_base_m
    beyond = np.maximum(box.min_base_m - tool, tool - box.max_base_m).max(axis=1)
    spans = np.split(beyond, 1 + np.flatnonzero(_jumps(truth)))
    return np.concatenate([span - np.minimum.accumulate(np.maximum(span, 0.0)) for span in spans])


def _speed_shares(truth: Truth, station: StationConfig) -> tuple[Float, Float]:
    """Speeds (M, J) over each window without a reset in it, as shares of their limits, and when it ends (M,) [s]."""
    since = np.concatenate([[0], np.cumsum(_jumps(truth))])
    whole = since[WINDOW:] == since[:-WINDOW]
    moved = np.abs(truth.joints_rad[WINDOW:] - truth.joints_rad[:-WINDOW])[whole]
    taken_s = (truth.time_s[WINDOW:] - truth.time_s[:-WINDOW])[whole]
    shares = moved / taken_s[:, None] / np.array(station.limits.joint_speed_rad_s)
    return np.asarray(shares), truth.time_s[WINDOW:][whole]


def _jumps(truth: Truth) -> NDArray[np.bool_]:
    return np.asarray(np.abs(np.diff(truth.joints_rad, axis=0)).max(axis=1, initial=0.0) > JUMP_RAD)


def _entries(broken: NDArray[np.bool_], time_s: Float) -> list[float]:
    rows = np.asarray(broken.any(axis=1))
    return [float(at_s) for at_s in time_s[1:][rows[1:] & ~rows[:-1]]]


def _rows(path: Path, width: int) -> Float:
    """Whole rows: one that a kill cut short is left out."""
    flat = np.fromfile(path)
    return flat[: len(flat) // width * width].reshape(-1, width)


def _begun(truth: Truth, station: StationConfig) -> Truth:
    """From the first row on that is within the workspace: before its first reset an arm stands anywhere."""
    box, tool = station.limits.workspace, truth.tool_base_m
    inside = np.flatnonzero(((tool >= box.min_base_m) & (tool <= box.max_base_m)).all(axis=1))
    first = inside[0] if len(inside) else len(tool)
    return Truth(*(column[first:] for column in truth))
