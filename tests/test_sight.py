"""A camera that does not see any more is named; one that sees little going on is not."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.contracts import Float, Frame, Image
from robolearn.errors import BorderError
from robolearn.sight import Sight

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
HERE = np.zeros(5)
THERE = np.array([0.0, 0.0, 0.3, 0.0, 0.0])


def at(stamp_ns: int, rgb: Image = PICTURE) -> Frame:
    return Frame(stamp_ns, rgb.copy())


def fault(sight: Sight, camera: str, frame: Frame, joint_position_rad: Float) -> str:
    """What is wrong with a picture; empty if nothing is."""
    try:
        sight.check(camera, frame, joint_position_rad)
    except BorderError as error:
        return str(error)
    return ""


def test_a_black_picture_is_refused_by_the_name_of_its_camera() -> None:
    with pytest.raises(BorderError, match="camera wrist: the picture is black"):
        Sight().check("wrist", at(0, np.full_like(PICTURE, 9)), HERE)


def test_the_same_picture_while_the_arm_moves_is_a_frozen_camera() -> None:
    sight = Sight()
    sight.check("front", at(0), HERE)
    sight.check("front", at(1), HERE + 0.05)
    with pytest.raises(BorderError, match="camera front: frozen"):
        sight.check("front", at(2), THERE)


def test_the_same_frame_looked_at_twice_is_no_fault() -> None:
    sight = Sight()
    assert [fault(sight, "front", at(0), HERE), fault(sight, "front", at(0), THERE)] == ["", ""]
    assert "frozen" in fault(sight, "front", at(1), THERE), "another frame of the same picture is one"


def test_pictures_that_differ_or_an_arm_that_rests_are_no_fault() -> None:
    sight = Sight()
    for step in range(10):
        other = PICTURE.copy()
        other[3, 4, 1] ^= 1
        assert fault(sight, "front", at(step), HERE) == "", "the arm rests"
        assert fault(sight, "wrist", at(step, other if step % 2 else PICTURE), step * THERE) == "", "they differ"


def test_an_arm_that_was_put_elsewhere_has_not_moved() -> None:
    sight = Sight()
    assert fault(sight, "front", at(0), HERE) == ""
    sight.reset()
    assert fault(sight, "front", at(1), THERE) == ""
    assert "frozen" in fault(sight, "front", at(2), HERE)
