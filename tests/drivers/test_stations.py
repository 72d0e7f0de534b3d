"""Every station of real devices that ships is made as it stands, and fits its arm."""

from __future__ import annotations

import numpy as np
import pytest

from drivers import backend
from robolearn import config
from robolearn.backends import load_station, load_task
from robolearn.contracts import Float
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.station import Station, StationConfig

NAMES = [name for name in config.names("stations") if load_station(name).backend == "drivers"]
FOLLOW_S, STEPS = 0.02, 400


@pytest.mark.parametrize("name", NAMES)
def test_its_devices_are_made_and_its_limits_allow_no_more_than_its_arm(name: str) -> None:
    station = load_station(name)
    made = Station(station, backend.world(station, load_task("lift_cube")), kinematics(station))
    assert made.arm.spec.joint_names == station.joint_names
    assert backend.person(made.world, station).action_names == ("vx", "vy", "vz", "wz", "gripper")


@pytest.mark.parametrize("name", ["fr3", "koch"])
def test_the_middle_of_its_workspace_is_reached_within_its_joint_limits_with_the_tool_down(name: str) -> None:
    station = load_station(name)
    limits, box = station.limits, station.limits.workspace
    low, high = np.array(limits.joint_lower_rad), np.array(limits.joint_upper_rad)
    goal = (np.array(box.min_base_m) + np.array(box.max_base_m)) / 2.0
    solver, joints = kinematics(station), (low + high) / 2.0
    for _ in range(STEPS):
        joints = np.clip(solver.follow(joints, goal, pointing(station.action.tool_pitch_rad), FOLLOW_S), low, high)
    position, rotation = solver.tool_pose_base(joints)
    np.testing.assert_allclose(position, goal, atol=0.003)
    np.testing.assert_allclose(rotation[:, 0], pointing(station.action.tool_pitch_rad)[:, 0], atol=0.05)


def kinematics(station: StationConfig) -> Kinematics:
    """Of the station's arm."""
    return Kinematics(description(station.description), station.joint_names)


def pointing(pitch_rad: float) -> Float:
    """The tool's axes (3, 3), its x so far below the horizon."""
    cosine, sine = np.cos(pitch_rad), np.sin(pitch_rad)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
