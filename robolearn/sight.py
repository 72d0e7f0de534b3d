"""Whether a camera still sees: a black picture, or the same one again while the arm moves, is a broken camera's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robolearn.contracts import Float, Frame
from robolearn.errors import BorderError

BLACK_BELOW = 16  # grey levels, of the brightest pixel
FROZEN_AFTER_RAD = 0.1  # of any joint; a picture of a moving arm has noise, and the arm in it


class _Kept(NamedTuple):
    """A frame, and where the arm was when its picture came for the first time."""

    frame: Frame
    joint_position_rad: Float


class Sight:
    """Looks at every picture of a station's cameras."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def check(self, camera: str, frame: Frame, joint_position_rad: Float) -> None:
        """Raises BorderError for a picture that a sound ``camera`` would not take of an arm (J,) [rad]."""
        if frame.rgb.max() < BLACK_BELOW:
            raise BorderError(f"camera {camera}: the picture is black. Is its lens covered, or the light off?")
        kept = self._kept.get(camera)
        if kept is None or not np.array_equal(kept.frame.rgb, frame.rgb):
            self._kept[camera] = _Kept(frame, joint_position_rad)
            return
        moved_rad = np.abs(joint_position_rad - kept.joint_position_rad).max()
        if frame.stamp_ns != kept.frame.stamp_ns and moved_rad > FROZEN_AFTER_RAD:
            raise BorderError(f"camera {camera}: frozen: the picture stays the same while the arm moves")

    def reset(self) -> None:
        """The arm was put elsewhere."""
        self._kept.clear()
