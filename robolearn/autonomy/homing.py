"""Back to where a session began: straight, slowly, and through the gate like every other motion."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robolearn import atomic
from robolearn.autonomy.cell import opening_value, still
from robolearn.contracts import Action, ArmCommand, CommandMode, Float
from robolearn.descriptions import description
from robolearn.errors import DeviceError
from robolearn.kinematics import Kinematics
from robolearn.station import NS, Station

SPEED_SHARE = 0.2  # of the speed that the limits allow
STRAY_RAD = 0.05  # the gate holds the arm back by more than this: something is in the way
THERE_RAD = 0.02
TOOL_SHARE = 0.5  # of an action's full scale
TOOL_THERE_M = 0.02
TOOL_S = 10.0  # at most
GRIPPER_S = 1.0  # for the gripper to open or close
CLEAR_M = 0.005  # of the workspace's sides: an arm is never exactly where it is told to be
START_POSE = "start_pose.json"  # of a run on a station whose arm no world brings to its start


class StartPose(NamedTuple):
    """Where the arm stands when an episode begins."""

    joint_position_rad: Float  # (J,)
    gripper_opening: float | None  # None: not measured, or not told by an older file


def start_pose(station: Station, path: Path | None) -> StartPose:
    """That of the first session, which ``path`` keeps; the arm's pose of now if this is the first.

    Raises DeviceError for one that is kept, or is to be, if the arm cannot be brought there."""
    if path is not None and path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        pose = StartPose(np.array(kept["joint_position_rad"], float), kept.get("gripper_opening"))
        check_clear(station, pose, f"Delete {path}, drive")
        return pose
    state = station.arm.read()
    pose = StartPose(state.joint_position_rad, state.gripper_opening)
    if path is not None:
        check_clear(station, pose, f"Before it is kept in {path}, drive")
        atomic.write_json(path, {**pose._asdict(), "joint_position_rad": pose.joint_position_rad.tolist()})
    return pose


def check_clear(station: Station, pose: StartPose, first: str = "Drive") -> None:
    """Raise DeviceError if the arm cannot be brought to ``pose``; ``first`` is what the person is to do about it."""
    tool_m = tool_at(station, pose.joint_position_rad)
    if station.config.limits.workspace.depth(tool_m.tolist()) < CLEAR_M:
        raise DeviceError(
            f"the start pose has the tool at {np.round(tool_m, 3)} m, beyond the workspace or within "
            f"{1e3 * CLEAR_M:g} mm of its side, and every episode is to begin there. {first} the arm to where episodes "
            "shall begin with 'robolearn teleop', and go on."
        )


def tool_at(station: Station, joint_position_rad: Float) -> Float:
    """Where the tool is (3,) in the base frame [m] at joints (J,)."""
    config = station.config
    return Kinematics(description(config.description), config.joint_names).tool_position_base_m(joint_position_rad)


def bring_back(station: Station, pose: StartPose) -> None:
    """Move the joints, then the gripper, to ``pose``. Raises DeviceError as :func:`return_to`."""
    return_to(station, pose.joint_position_rad, lambda: False)
    if pose.gripper_opening is None:
        return
    clock, control_hz = station.clock, station.config.control_hz
    for _ in range(math.ceil(GRIPPER_S * control_hz)):
        now_ns = clock.now_ns()
        command = ArmCommand(now_ns, CommandMode.JOINT_POSITION, pose.joint_position_rad, pose.gripper_opening)
        station.arm.command(command)
        clock.sleep_until(now_ns + round(NS / control_hz))


def return_to(station: Station, home_rad: Float, stopped: Callable[[], bool]) -> bool:
    """Move the joints to ``home_rad`` (J,); the gripper stays. False if ``stopped`` said so on the way.

    Where the straight way in joint space leads out of the limits, the tool first goes straight to its place.
    Raises DeviceError if the arm is faulted, or if its limits close that way too."""
    try:
        return _go_straight(station, home_rad, stopped)
    except _Closed:
        if not _lead_tool(station, home_rad, stopped):
            return False
    try:
        return _go_straight(station, home_rad, stopped)
    except _Closed as closed:
        raise DeviceError(
            f"the straight way back to the start pose is closed ({closed}): bring the arm nearer to it with "
            "'robolearn teleop', then go on"
        ) from None


class _Closed(Exception):
    """The gate holds the arm back, for the reasons named."""


def _go_straight(station: Station, home_rad: Float, stopped: Callable[[], bool]) -> bool:
    clock, arm, control_hz = station.clock, station.arm, station.config.control_hz
    start = arm.read().joint_position_rad
    way = home_rad - start
    if np.abs(way).max() <= THERE_RAD:
        return True
    seconds = float((np.abs(way) / (SPEED_SHARE * arm.spec.joint_velocity_limit_rad_s)).max())
    ticks = math.ceil(seconds * control_hz)
    for tick in range(1, ticks + 1):
        if stopped():
            return False
        now_ns, target = clock.now_ns(), start + way * (tick / ticks)
        done = arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, None))
        if np.abs(done.command.values - target).max() > STRAY_RAD:
            raise _Closed(", ".join(done.clips))
        clock.sleep_until(now_ns + round(NS / control_hz))
    return True


def _lead_tool(station: Station, home_rad: Float, stopped: Callable[[], bool]) -> bool:
    """Bring the tool near its place at ``home_rad``, as far as that goes; a box has no side on a straight way in it."""
    config = station.config
    goal_m = tool_at(station, home_rad)
    stride_m = TOOL_SHARE * config.action.linear_speed_m_s / config.policy_hz
    station.start_from_here()
    for _ in range(math.ceil(TOOL_S * config.policy_hz)):
        if stopped():
            return False
        state = station.arm.read()
        way_m = goal_m - state.ee_position_base_m
        length_m = float(np.linalg.norm(way_m))
        if length_m <= TOOL_THERE_M:
            break
        action = still(opening_value(config.action, state.gripper_opening))
        action[:3] = TOOL_SHARE * way_m / max(length_m, stride_m)
        station.act(Action(action))
    return True
