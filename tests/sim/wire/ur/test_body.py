"""The description of the arm against its published Denavit-Hartenberg table."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Float
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from sim.wire.ur.body import JOINTS

A_M = (0.0, -0.425, -0.3922, 0.0, 0.0, 0.0)
D_M = (0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996)
ALPHA_RAD = (np.pi / 2, 0.0, 0.0, np.pi / 2, -np.pi / 2, 0.0)


def flange_by_table(joint_position_rad: Float) -> Float:
    """Pose (4, 4) of the flange in the base frame."""
    pose = np.eye(4)
    for q, a, d, alpha in zip(joint_position_rad, A_M, D_M, ALPHA_RAD, strict=True):
        c, s, ca, sa = np.cos(q), np.sin(q), np.cos(alpha), np.sin(alpha)
        link = [[c, -s * ca, s * sa, a * c], [s, c * ca, -c * sa, a * s], [0.0, sa, ca, d], [0.0, 0.0, 0.0, 1.0]]
        pose = pose @ np.array(link)
    return pose


def test_the_flange_is_where_the_published_table_puts_it() -> None:
    kinematics = Kinematics(description("ur5e_2f85"), JOINTS, "flange")
    for joints in np.random.default_rng(0).uniform(-3.0, 3.0, (20, 6)):
        position, rotation = kinematics.tool_pose_base(joints)
        np.testing.assert_allclose(position, flange_by_table(joints)[:3, 3], atol=1e-9)
        np.testing.assert_allclose(rotation, flange_by_table(joints)[:3, :3], atol=1e-9)
