"""The arm goes back to its start by itself: slowly, through the gate, and only while nobody says stop."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from robolearn.autonomy.homing import SPEED_SHARE, START_POSE, return_to, start_pose
from robolearn.errors import DeviceError
from robolearn.reference import tool_rotation
from tests.autonomy.rig import START_RAD, open_reach

HOME = np.array(START_RAD)


def test_the_arm_is_back_where_it_was_and_never_fast() -> None:
    cell, _ = open_reach()
    station = cell.station
    station.reset(0)
    fastest = 0.0
    before = station.arm.read().joint_position_rad

    def watch() -> bool:
        nonlocal fastest, before
        now = station.arm.read().joint_position_rad
        fastest = max(fastest, float((np.abs(now - before) / station.arm.spec.joint_velocity_limit_rad_s).max()))
        before = now
        return False

    away = before.copy()
    assert return_to(station, HOME, watch)
    assert np.abs(station.arm.read().joint_position_rad - HOME).max() < 0.05 < np.abs(away - HOME).max()
    assert fastest <= 1.5 * SPEED_SHARE / station.config.control_hz


def test_a_person_may_stop_it_on_the_way() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    before = cell.station.arm.read().joint_position_rad
    assert not return_to(cell.station, HOME, lambda: True)
    np.testing.assert_allclose(cell.station.arm.read().joint_position_rad, before, atol=1e-3)


def test_a_way_that_the_limits_close_is_named_and_not_forced() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    outside = HOME + np.array([0.0, 0.9, 0.0, 0.0, 0.0])
    with pytest.raises(DeviceError, match="straight way back to the start pose is closed .*robolearn teleop"):
        return_to(cell.station, outside, lambda: False)


def test_where_the_straight_way_of_the_joints_leads_out_the_tool_goes_first() -> None:
    """From one far corner of the workspace to the other the joints' way is an arc beyond its side."""
    cell, world = open_reach()
    station = cell.station
    box = station.config.limits.workspace
    solver = world.arm.kinematics.solver  # type: ignore[attr-defined]
    corners = {}
    for side in (-1.0, 1.0):
        goal, joints = np.array([0.27, side * 0.14, 0.06]), np.array(START_RAD)
        for _ in range(200):
            joints = solver.follow(joints, goal, tool_rotation(np.arctan2(goal[1], goal[0]), 1.4, 0.0), 0.1)
        corners[side] = joints
    middle = solver.tool_position_base_m((corners[-1.0] + corners[1.0]) / 2)
    assert middle[0] > box.max_base_m[0], "the straight way is closed"
    world.arm.place(corners[-1.0])
    station.reset(0)
    world.arm.place(corners[-1.0])
    station.arm.rearm()
    assert return_to(station, corners[1.0], lambda: False)
    np.testing.assert_allclose(station.arm.read().joint_position_rad, corners[1.0], atol=0.05)
    ways = np.array([solver.tool_position_base_m(target) for target in world.arm.sent])
    assert (ways[:, 0] <= box.max_base_m[0] + 1e-6).all()


def test_a_faulted_arm_does_not_move() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    cell.station.arm.stop("a person pressed stop")
    with pytest.raises(DeviceError, match="a person pressed stop"):
        return_to(cell.station, HOME, lambda: False)


def test_a_start_that_no_episode_could_begin_at_is_refused_before_it_is_kept(tmp_path: Path) -> None:
    cell, world = open_reach()
    path = tmp_path / START_POSE
    outside = HOME + np.array([0.0, 0.9, 0.0, 0.0, 0.0])
    world.arm.place(outside)
    with pytest.raises(DeviceError, match=f"Before it is kept in {re.escape(str(path))}, drive .*'robolearn teleop'"):
        start_pose(cell.station, path)
    assert not path.exists()
    path.write_text(json.dumps({"joint_position_rad": outside.tolist()}))
    with pytest.raises(DeviceError, match=f"Delete {re.escape(str(path))}, drive"):
        start_pose(cell.station, path)
