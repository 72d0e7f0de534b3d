"""Hand-eye poses and joint zeros against a truth that is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from calibration.geometry import angle_deg
from calibration.hand_eye import Look, Mounting, Problem, undetermined
from robolearn.bench.calibration_rig import HOME_RAD, JOINTS, READING_RAD
from robolearn.errors import DeviceError
from tests.calibration.cell import ProjectedRig

LOOKS = 24


@pytest.fixture(params=list(Mounting))
def rig(request: pytest.FixtureRequest) -> Iterator[ProjectedRig]:
    with closing(ProjectedRig(request.param, seed=7)) as made:
        yield made


def problem(rig: ProjectedRig, looks: list[Look]) -> Problem:
    return Problem(looks, rig.lens, rig.mounting, rig.tool_pose, READING_RAD)


def test_both_ends_of_the_chain_are_found(rig: ProjectedRig) -> None:
    found = problem(rig, rig.looks(rig.poses(LOOKS))).solve().hand_eye
    for pose, truth in ((found.rider, rig.rider), (found.still, rig.still)):
        off = truth.inverse() @ pose
        assert np.linalg.norm(off.translation_m) < 0.001 and angle_deg(off.rotation) < 0.2


def test_joint_zeros_are_found_where_board_and_camera_mount_are_known(rig: ProjectedRig) -> None:
    rig.zero_offset_rad = np.radians([2.0, -3.0, 1.0, 2.5, -1.5])
    solution = problem(rig, rig.looks(rig.poses(LOOKS))).solve(*rig.known(), zeros=True)
    assert np.abs(np.degrees(solution.zero_offset_rad - rig.zero_offset_rad)).max() < 0.2
    assert undetermined(solution, JOINTS) == []


def test_zeros_that_pictures_alone_cannot_tell_are_named(rig: ProjectedRig) -> None:
    solution = problem(rig, rig.looks(rig.poses(LOOKS))).solve(zeros=True)
    assert {"shoulder_pan", "wrist_roll"} <= set(undetermined(solution, JOINTS))


def test_too_few_poses_are_refused(rig: ProjectedRig) -> None:
    with pytest.raises(DeviceError, match="needs 8 poses in which the board is seen, got 3"):
        problem(rig, rig.looks(rig.poses(3)))


def test_an_arm_that_does_not_turn_is_refused(rig: ProjectedRig) -> None:
    with pytest.raises(DeviceError, match="the tool hardly turned"):
        problem(rig, rig.looks([HOME_RAD + np.array([0.01 * turn, 0, 0, 0, 0]) for turn in range(10)])).solve()


def test_one_wild_picture_does_not_spoil_the_rest(rig: ProjectedRig) -> None:
    looks = rig.looks(rig.poses(LOOKS))
    wild = looks[0].sighting._replace(corners_px=looks[0].sighting.corners_px + 8.0)
    found = problem(rig, [looks[0]._replace(sighting=wild), *looks[1:]]).solve().hand_eye
    off = rig.rider.inverse() @ found.rider
    assert np.linalg.norm(off.translation_m) < 0.002
