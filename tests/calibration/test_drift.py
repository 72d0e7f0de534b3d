"""The drift check: silent while nothing moved, and right about what did."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from calibration.drift import Check, DriftCheck, reference
from calibration.geometry import rigid
from calibration.hand_eye import HandEye, Mounting
from robolearn.bench.calibration_rig import JOINTS, READING_RAD
from robolearn.errors import DeviceError
from tests.calibration.cell import ProjectedRig

GRIPPER = (0.02, 0.97)


@pytest.fixture(scope="module")
def cell() -> Iterator[tuple[ProjectedRig, Callable[[], Check]]]:
    with closing(ProjectedRig(Mounting.ON_TOOL, seed=3)) as rig:
        hand_eye = HandEye(rig.mounting, tuple(rig.rider.vector()), tuple(rig.still.vector()))
        kept = reference(rig.board.name, rig.looks(rig.poses(6)), GRIPPER)
        check = DriftCheck(kept, hand_eye, rig.lens, rig.tool_pose, JOINTS, READING_RAD)
        targets = [np.array(seen.joint_position_rad) for seen in kept.seen]
        yield rig, lambda: check.check([rig.look(target) for target in targets], GRIPPER)


def test_a_cell_that_did_not_change_raises_no_alarm(cell: tuple[ProjectedRig, Callable[[], Check]]) -> None:
    _, check = cell
    assert [found.change for found in (check() for _ in range(20)) if found.drifted] == []


@pytest.mark.parametrize("nudge", [(0, 0, 0, 0.003, 0, 0), (0, 0, 0, 0, 0, -0.003), (0, math.radians(1), 0, 0, 0, 0)])
def test_a_camera_that_moved_is_named(cell: tuple[ProjectedRig, Callable[[], Check]], nudge: tuple[float, ...]) -> None:
    rig, check = cell
    before = rig.rider
    rig.rider = before @ rigid(np.array(nudge, float))
    found = check().change
    rig.rider = before
    assert found is not None and found.what == "the camera" and found.moved_m is not None
    assert found.moved_m == pytest.approx(np.linalg.norm(nudge[3:]), abs=0.001)
    assert found.turned_deg == pytest.approx(math.degrees(np.linalg.norm(nudge[:3])), abs=0.3)


@pytest.mark.parametrize("joint", range(len(JOINTS)))
def test_a_joint_whose_zero_is_off_is_named(cell: tuple[ProjectedRig, Callable[[], Check]], joint: int) -> None:
    rig, check = cell
    rig.zero_offset_rad = np.radians(1.0) * np.eye(len(JOINTS))[joint]
    found = check().change
    rig.zero_offset_rad = np.zeros(len(JOINTS))
    assert found is not None and found.what == f"joint {JOINTS[joint]}"
    assert found.told() == f"joint {JOINTS[joint]} is off by 1.0 degrees"


def test_a_gripper_that_no_longer_opens_is_told(cell: tuple[ProjectedRig, Callable[[], Check]]) -> None:
    rig, _ = cell
    looks = rig.looks(rig.poses(6))
    hand_eye = HandEye(rig.mounting, tuple(rig.rider.vector()), tuple(rig.still.vector()))
    check = DriftCheck(reference("b", looks, GRIPPER), hand_eye, rig.lens, rig.tool_pose, JOINTS, READING_RAD)
    found = check.check(looks, (0.02, 0.80))
    assert found.drifted and found.gripper == "the gripper's range has changed: open reads 0.80, was 0.97"


def test_a_board_that_is_hardly_seen_says_nothing_and_is_told(cell: tuple[ProjectedRig, Callable[[], Check]]) -> None:
    rig, _ = cell
    looks = rig.looks(rig.poses(6))
    hand_eye = HandEye(rig.mounting, tuple(rig.rider.vector()), tuple(rig.still.vector()))
    check = DriftCheck(reference("b", looks, None), hand_eye, rig.lens, rig.tool_pose, JOINTS, READING_RAD)
    with pytest.raises(DeviceError, match="the board was seen in 2 of 6 poses"):
        check.check([*looks[:2], None, None, None, None])
