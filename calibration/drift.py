"""Has the cell drifted? The same poses are looked at again, and what has changed is explained.

A reference keeps, for a few poses, what the arm read and where the corners of the board were. Later the arm goes there
again. Whatever moved between the pictures beyond the noise of corners and joints is explained in turn by a camera
that moved, a board that moved, or one joint whose zero is off; the explanation that leaves least wins. All is linear:
changes are small, and every hypothesis is one least squares with the joints' own noise as nuisance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from calibration.board import Sighting
from calibration.geometry import Rigid, rigid
from calibration.hand_eye import HandEye, Look, Mounting, ToolPose, chain
from calibration.intrinsics import Intrinsics
from calibration.noise import JointNoise
from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import ConfigError, DeviceError

MIN_POSES = 4
GAIN = 40.0  # how much better an explanation must be than "nothing": a chi-square that chance does not reach
PENALTY = 2.0  # of each number that an explanation may choose
LEAST_M, LEAST_DEG, LEAST_JOINT_DEG = 0.001, 0.3, 0.3  # smaller changes than these are let pass
GRIPPER_SHARE = 0.04  # of its range
SMALL = 1e-5  # finite difference [rad, m]


@dataclass(frozen=True)
class Seen:
    """One pose of the reference: what the arm read, and the corners by number."""

    joint_position_rad: Annotated[tuple[float, ...], Key("joints as the arm read them [rad]")]
    ids: Annotated[tuple[int, ...], Key("numbers of the corners", low=0)]
    corners_px: Annotated[tuple[tuple[float, float], ...], Key("column and row of each corner [px]")]

    def __post_init__(self) -> None:
        """Raise ConfigError unless there is one place per corner."""
        if len(self.ids) != len(self.corners_px):
            raise ConfigError("ids and corners_px must have the same length")


@dataclass(frozen=True)
class Reference:
    """Result: what the cell looked like when it was calibrated."""

    board: Annotated[str, Key("name of the board")]
    seen: tuple[Seen, ...]
    gripper_opening: Annotated[tuple[float, float], Key("what it read when told to close and to open")] | None


class Explanation(NamedTuple):
    """One thing that may have changed, and how well it explains what is seen."""

    what: str
    gain: float  # chi-square that it explains
    moved_m: float | None  # of a camera or board
    turned_deg: float
    matters: bool

    def told(self) -> str:
        """In words."""
        by = f"{self.turned_deg:.1f} degrees"
        return (
            f"{self.what} moved by {self.moved_m * 1e3:.1f} mm, {by}"
            if self.moved_m is not None
            else (f"{self.what} is off by {by}")
        )


class Check(NamedTuple):
    """What came of a drift check; ``change`` is None if nothing moved, ``gripper`` is empty if it is as it was."""

    change: Explanation | None
    gripper: str
    shift_px: float  # root mean square shift of the corners
    poses: int

    @property
    def drifted(self) -> bool:
        """True if anything changed."""
        return self.change is not None or bool(self.gripper)


def reference(board: str, looks: Sequence[Look], gripper_opening: tuple[float, float] | None) -> Reference:
    """Keep ``looks`` for later checks. Raises DeviceError if they are too few."""
    if len(looks) < MIN_POSES:
        raise DeviceError(f"a drift check needs {MIN_POSES} poses in which the board is seen, got {len(looks)}")
    seen = tuple(
        Seen(
            tuple(look.joint_position_rad.tolist()),
            tuple(look.sighting.ids.tolist()),
            tuple((float(column), float(row)) for column, row in look.sighting.corners_px),
        )
        for look in looks
    )
    return Reference(board, seen, gripper_opening)


class _View(NamedTuple):
    """One pose: how far its corners shifted, and how they would if something moved a little."""

    shift: Float  # (2 N,) [px]
    joints: Float  # (2 N, J) [px/rad]
    rider: Float  # (2 N, 6) [px/rad, px/m]
    still: Float  # (2 N, 6) [px/rad, px/m]


_Nudge = Callable[[Float], Float]


class DriftCheck:
    """Compares looks with a reference."""

    def __init__(
        self,
        kept: Reference,
        hand_eye: HandEye,
        lens: Intrinsics,
        tool_pose: ToolPose,
        joint_names: Sequence[str],
        joint_sigma_rad: float,
    ) -> None:
        """``joint_sigma_rad``: how well the arm's readings repeat."""
        self._kept, self._hand_eye, self._lens, self._tool_pose = kept, hand_eye, lens, tool_pose
        self._names, self._sigma = tuple(joint_names), joint_sigma_rad

    def check(self, looks: Sequence[Look | None], gripper_opening: tuple[float, float] | None = None) -> Check:
        """``looks`` at the poses of the reference, in order; None where the board was not seen.

        Raises DeviceError if it was seen too rarely to say anything."""
        pairs = [
            (seen, look, common)
            for seen, look in zip(self._kept.seen, looks, strict=True)
            if look is not None and len(common := _common(seen, look.sighting)) >= 4
        ]
        if len(pairs) < MIN_POSES:
            raise DeviceError(
                f"the board was seen in {len(pairs)} of {len(looks)} poses: put it back where it was, uncover the "
                "camera, or take a new reference"
            )
        views = [self._view(*pair) for pair in pairs]
        shift = np.concatenate([view.shift for view in views])
        found = self._explain(views)
        change = found if found.matters and found.gain > GAIN else None
        return Check(change, self._gripper(gripper_opening), float(np.sqrt(np.mean(shift**2) * 2)), len(pairs))

    def _view(self, seen: Seen, look: Look, common: Sequence[tuple[int, int]]) -> _View:
        then, now = (np.array(column) for column in zip(*common, strict=True))
        points = look.sighting.points_board_m[now]
        before, after = np.array(seen.joint_position_rad), look.joint_position_rad
        nothing = np.zeros(6)
        foreseen = self._project(after, points, nothing, nothing) - self._project(before, points, nothing, nothing)
        shift = look.sighting.corners_px[now] - np.array(seen.corners_px)[then] - foreseen

        def slopes(count: int, project: _Nudge) -> Float:
            base = project(np.zeros(count))
            return np.stack([(project(step) - base).ravel() / SMALL for step in np.eye(count) * SMALL], axis=1)

        return _View(
            shift.ravel(),
            slopes(len(after), lambda nudge: self._project(after + nudge, points, nothing, nothing)),
            slopes(6, lambda nudge: self._project(after, points, nudge, nothing)),
            slopes(6, lambda nudge: self._project(after, points, nothing, nudge)),
        )

    def _project(self, joints: Float, points: Float, rider_nudge: Float, still_nudge: Float) -> Float:
        """Corners (N, 2) [px] with what the tool carries and what stands still each moved in its own frame."""
        position, turn = self._tool_pose(joints)
        rider, still = self._hand_eye.rider @ rigid(rider_nudge), self._hand_eye.still @ rigid(still_nudge)
        return self._lens.project(chain(self._hand_eye.mounting, Rigid(turn, position), rider, still).apply(points))

    def _explain(self, views: Sequence[_View]) -> Explanation:
        """The best of all explanations, by what it leaves of the whitened shifts."""
        shift, joints, rider, still = (np.concatenate(part) for part in zip(*map(self._whitened, views), strict=True))

        def explained(slopes: Float) -> tuple[Float, float]:
            size = np.linalg.lstsq(slopes, shift, rcond=None)[0]
            return size, float(shift @ shift - np.sum((shift - slopes @ size) ** 2))

        camera, board = (rider, still) if self._hand_eye.mounting is Mounting.ON_TOOL else (still, rider)
        explanations = []
        for what, slopes in (("the camera", camera), ("the board", board)):
            size, gain = explained(slopes)
            moved, turned = float(np.linalg.norm(size[3:])), math.degrees(float(np.linalg.norm(size[:3])))
            explanations.append(Explanation(what, gain, moved, turned, moved >= LEAST_M or turned >= LEAST_DEG))
        for number, name in enumerate(self._names):
            size, gain = explained(joints[:, [number]])
            turned = abs(math.degrees(float(size[0])))
            explanations.append(Explanation(f"joint {name}", gain, None, turned, turned >= LEAST_JOINT_DEG))
        return max(explanations, key=lambda one: one.gain - PENALTY * (1 if one.moved_m is None else 6))

    def _whitened(self, view: _View) -> _View:
        """``view`` in units of the noise, which is that of two corners and of two readings of the joints."""
        noise = JointNoise(view.joints, self._sigma)
        return _View(*(noise.whiten(part) / math.sqrt(2.0) for part in view))

    def _gripper(self, now: tuple[float, float] | None) -> str:
        kept = self._kept.gripper_opening
        if kept is None or now is None:
            return ""
        ends = [
            f"{end} reads {after:.2f}, was {before:.2f}"
            for end, before, after in zip(("closed", "open"), kept, now, strict=True)
            if abs(after - before) > GRIPPER_SHARE
        ]
        return f"the gripper's range has changed: {', '.join(ends)}" if ends else ""


def _common(seen: Seen, sighting: Sighting) -> list[tuple[int, int]]:
    """Where the corners that both have are in the one and in the other."""
    places = {number: place for place, number in enumerate(sighting.ids.tolist())}
    return [(then, places[number]) for then, number in enumerate(seen.ids) if number in places]
