"""Where a camera is, and where an arm's joints are zero, from one set of pictures of a ChArUco board.

Either the camera sits on the tool and the board lies still (eye in hand), or the camera stands still and the tool
holds the board (eye to hand). Both obey one chain: ``base -> tool -> rider`` on one side and ``base -> still`` on the
other, where the rider is what the tool carries. A closed form (Park and Martin, 1994, "Robot sensor calibration:
solving AX = XB on the Euclidean group") starts a least squares over the corners in the pictures, which may also
free the joint zeros.

Pictures alone do not tell two of the zeros: turning the first joint is like turning what stands still, and turning the
last is like turning what the tool carries. They are told only if one knows where the board or the camera sits;
:class:`Known` says so, and how surely. A zero that stays undetermined is refused, not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from calibration.board import Sighting
from calibration.geometry import Rigid, rigid, rotation_vector
from calibration.intrinsics import Intrinsics
from calibration.noise import JointNoise
from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import DeviceError

MIN_POSES = 8
MIN_TURN_DEG = 15.0  # the tool must have turned this far about two axes
NUDGE_RAD = 1e-5  # finite difference
ROBUST = 3.0  # errors beyond this many standard deviations count less
ZERO_WITHIN_DEG = 0.2  # a joint zero less sure than this is refused

ToolPose = Callable[[Float], tuple[Float, Float]]  # joints [rad] -> position (3,) [m], rotation (3, 3), base frame


class Mounting(str, Enum):
    """Where the camera is."""

    ON_TOOL = "on_tool"  # eye in hand
    STILL = "still"  # eye to hand


class Look(NamedTuple):
    """One picture of the board, and the joints it was taken at."""

    joint_position_rad: Float  # (J,) as the arm read them
    sighting: Sighting


class Known(NamedTuple):
    """A place that is known beforehand, and how surely (one standard deviation)."""

    pose: Rigid
    within_m: float
    within_rad: float


@dataclass(frozen=True)
class HandEye:
    """Result: camera in the tool's frame (on_tool) or in the base frame (still); the board in the other of the two."""

    mounting: Annotated[Mounting, Key("where the camera is")]
    camera: Annotated[tuple[float, ...], Key("rotation vector [rad] and position [m] of the camera")]
    board: Annotated[tuple[float, ...], Key("rotation vector [rad] and position [m] of the board")]

    @property
    def rider(self) -> Rigid:
        """``tool_t_rider``: what the tool carries."""
        return rigid(np.array(self.camera if self.mounting is Mounting.ON_TOOL else self.board))

    @property
    def still(self) -> Rigid:
        """``base_t_still``: what stands still."""
        return rigid(np.array(self.board if self.mounting is Mounting.ON_TOOL else self.camera))


class Solution(NamedTuple):
    """Hand-eye pose, joint zeros, and how well they explain the pictures."""

    hand_eye: HandEye
    zero_offset_rad: Float  # (J,) to be added to what the arm reads; zeros if not freed
    zero_sigma_rad: Float  # (J,) one standard deviation
    error_px: float  # root mean square over all corners
    looks: int


class Problem:
    """Pictures of one camera; solve for the poses alone, or with the joint zeros."""

    def __init__(
        self, looks: Sequence[Look], lens: Intrinsics, mounting: Mounting, tool_pose: ToolPose, joint_sigma_rad: float
    ) -> None:
        """``joint_sigma_rad``: repeatability of the arm's joints. Raises DeviceError if the poses are too few."""
        if len(looks) < MIN_POSES:
            raise DeviceError(f"hand-eye needs {MIN_POSES} poses in which the board is seen, got {len(looks)}")
        self.looks, self._lens, self.mounting, self._tool_pose = list(looks), lens, mounting, tool_pose
        self._joint_sigma = joint_sigma_rad
        self._joints = len(looks[0].joint_position_rad)

    def solve(self, rider: Known | None = None, still: Known | None = None, zeros: bool = False) -> Solution:
        """Least squares over all corners; ``zeros`` frees the joint zeros. Raises DeviceError if it is undetermined."""
        start = self._start(rider, still)
        frees = self._joints if zeros else 0
        begin = np.concatenate([start[0].vector(), start[1].vector(), np.zeros(frees)])
        known = [(slice(0, 6), rider), (slice(6, 12), still)]
        priors = [(part, place) for part, place in known if place is not None]

        noise = [self._noise(begin, look) for look in self.looks]

        def residuals(x: Float) -> Float:
            fit = [one.whiten(self._errors_px(x, look)) for one, look in zip(noise, self.looks, strict=True)]
            fit += [_prior_residuals(x[part], place) for part, place in priors]
            return np.concatenate(fit)

        scale = np.concatenate([np.full(3, 0.1), np.full(3, 0.01), np.full(3, 0.1), np.full(3, 0.01)])
        scale = np.concatenate([scale, np.full(frees, 0.05)])
        found = least_squares(residuals, begin, loss="soft_l1", f_scale=ROBUST, x_scale=scale, method="trf")
        offsets = found.x[12:] if zeros else np.zeros(self._joints)
        sigma = _sigma(found.jac)[12:] if zeros else np.zeros(self._joints)
        errors = np.concatenate([self._errors_px(found.x, look) for look in self.looks])
        return Solution(self._named(found.x), offsets, sigma, float(np.sqrt(np.mean(errors**2) * 2)), len(self.looks))

    def _errors_px(self, x: Float, look: Look) -> Float:
        """Seen minus expected corners (2 N,) [px]; ``x`` is rider, still and the joint zeros, if they are free."""
        joints = look.joint_position_rad + x[12:] if len(x) > 12 else look.joint_position_rad
        camera_t_board = chain(self.mounting, self._tool(joints), rigid(x[:6]), rigid(x[6:12]))
        return (
            look.sighting.corners_px - self._lens.project(camera_t_board.apply(look.sighting.points_board_m))
        ).ravel()

    def _noise(self, x: Float, look: Look) -> JointNoise:
        """Noise of one look about ``x``."""
        steps = np.eye(self._joints) * NUDGE_RAD
        nudged = [look._replace(joint_position_rad=look.joint_position_rad + step) for step in steps]
        slopes = [(self._errors_px(x, look) - self._errors_px(x, other)) / NUDGE_RAD for other in nudged]
        return JointNoise(np.stack(slopes, axis=1), self._joint_sigma)

    def _tool(self, joints: Float) -> Rigid:
        position, matrix = self._tool_pose(joints)
        return Rigid(matrix, position)

    def _start(self, rider: Known | None, still: Known | None) -> tuple[Rigid, Rigid]:
        """Closed form for what is not known. Raises DeviceError if the tool did not turn enough."""
        tools = [self._tool(look.joint_position_rad) for look in self.looks]
        seen = [self._lens.board_pose(look.sighting) for look in self.looks]
        boards = seen if self.mounting is Mounting.ON_TOOL else [pose.inverse() for pose in seen]
        carried = rider.pose if rider is not None else park_martin(tools, boards)
        at_rest = [tool @ carried @ board for tool, board in zip(tools, boards, strict=True)]
        return carried, still.pose if still is not None else _median_pose(at_rest)

    def _named(self, x: Float) -> HandEye:
        rider, still = tuple(x[:6].tolist()), tuple(x[6:12].tolist())
        return HandEye(self.mounting, *((rider, still) if self.mounting is Mounting.ON_TOOL else (still, rider)))


def chain(mounting: Mounting, base_t_tool: Rigid, rider: Rigid, still: Rigid) -> Rigid:
    """``camera_t_board``."""
    rider_t_still = (base_t_tool @ rider).inverse() @ still
    return rider_t_still if mounting is Mounting.ON_TOOL else rider_t_still.inverse()


def undetermined(solution: Solution, joint_names: Sequence[str]) -> list[str]:
    """Joints whose zero the pictures and what is known do not tell within 0.2 degrees."""
    limit = math.radians(ZERO_WITHIN_DEG)
    return [name for name, sigma in zip(joint_names, solution.zero_sigma_rad, strict=True) if not sigma <= limit]


def park_martin(tools: Sequence[Rigid], riders: Sequence[Rigid]) -> Rigid:
    """``X`` of ``A X = X B`` over all pairs, where A is the motion of the tool and B that of the rider.

    Raises DeviceError if the tool did not turn about two axes."""
    firsts, seconds = np.triu_indices(len(tools), 1)
    moves = [
        (tools[j].inverse() @ tools[i], riders[j] @ riders[i].inverse())
        for i, j in zip(firsts.tolist(), seconds.tolist(), strict=True)
    ]
    alphas = np.array([rotation_vector(a.rotation) for a, _ in moves])
    betas = np.array([rotation_vector(b.rotation) for _, b in moves])
    spread_deg = np.degrees(np.sqrt(np.linalg.svd(alphas, compute_uv=False) ** 2 / len(alphas)))
    if spread_deg[1] < MIN_TURN_DEG / 3:
        raise DeviceError(f"the tool hardly turned: let it turn by {MIN_TURN_DEG:.0f} degrees about two axes or more")
    left, _, right = np.linalg.svd(alphas.T @ betas)
    turn = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    lhs = np.concatenate([np.eye(3) - a.rotation for a, _ in moves])
    rhs = np.concatenate([a.translation_m - turn @ b.translation_m for a, b in moves])
    return Rigid(turn, np.linalg.lstsq(lhs, rhs, rcond=None)[0])


def _median_pose(poses: Sequence[Rigid]) -> Rigid:
    """The pose nearest to all others."""
    vectors = np.array([pose.translation_m for pose in poses])
    nearest = np.linalg.norm(vectors[:, None] - vectors[None], axis=2).sum(axis=1).argmin()
    return poses[int(nearest)]


def _prior_residuals(x: Float, known: Known) -> Float:
    off = known.pose.inverse() @ rigid(x)
    return np.concatenate([rotation_vector(off.rotation) / known.within_rad, off.translation_m / known.within_m])


def _sigma(jacobian: Float) -> Float:
    """Standard deviation of each parameter; infinite where the Jacobian tells nothing."""
    values, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    with np.errstate(divide="ignore"):
        inverse = np.where(values > values.max() * 1e-14, 1.0 / values, np.inf)
    weighted: Float = np.where(vectors**2 > 1e-12, vectors**2 * inverse, 0.0)
    return np.asarray(np.sqrt(weighted.sum(axis=1)))
