"""Camera intrinsics from sightings of a ChArUco board, and what the person should show next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import cv2
import numpy as np

from calibration.board import Sighting
from calibration.geometry import Rigid, rotation
from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import DeviceError

MIN_VIEWS = 20
CELLS = 4  # the picture is divided into CELLS x CELLS parts for the coverage
CELLS_SHARE = 0.85  # of the parts that must have held a corner
TILT_DEG, TILTED_VIEWS = 20.0, 6  # a board that is never tilted tells no focal length
OUTLIER = 3.0  # a view with this many times the median error is left out
MIN_FRESH_SHARE = 0.08  # of the picture's width: a view nearer than this to an earlier one is no new one


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole with Brown-Conrady distortion, as OpenCV has it. The centre of the first pixel is (0, 0)."""

    width: Annotated[int, Key("columns of the picture", low=1)]
    height: Annotated[int, Key("rows of the picture", low=1)]
    fx_px: Annotated[float, Key("focal length along the rows [px]", low=1.0)]
    fy_px: Annotated[float, Key("focal length along the columns [px]", low=1.0)]
    cx_px: Annotated[float, Key("column of the optical axis [px]")]
    cy_px: Annotated[float, Key("row of the optical axis [px]")]
    distortion: Annotated[tuple[float, float, float, float, float], Key("k1, k2, p1, p2, k3")]

    @property
    def matrix(self) -> Float:
        """(3, 3)."""
        return np.array([[self.fx_px, 0.0, self.cx_px], [0.0, self.fy_px, self.cy_px], [0.0, 0.0, 1.0]])

    def project(self, points_camera_m: Float) -> Float:
        """Pixels (N, 2) of points (N, 3) in the camera's frame (z forward, y down)."""
        x, y = (points_camera_m[:, :2] / points_camera_m[:, 2:]).T
        k1, k2, p1, p2, k3 = self.distortion
        r2 = x * x + y * y
        radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        u = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        v = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        return np.column_stack([u * self.fx_px + self.cx_px, v * self.fy_px + self.cy_px])

    def board_pose(self, sighting: Sighting) -> Rigid:
        """``camera_t_board``. Raises DeviceError if the corners fit no pose."""
        done, turn, move = cv2.solvePnP(
            sighting.points_board_m, sighting.corners_px, self.matrix, np.array(self.distortion),
            flags=cv2.SOLVEPNP_IPPE,
        )  # fmt: skip
        if done:
            done, turn, move = cv2.solvePnP(
                sighting.points_board_m, sighting.corners_px, self.matrix, np.array(self.distortion), turn, move,
                useExtrinsicGuess=True,
            )  # fmt: skip
        if not done:
            raise DeviceError("the corners of the board fit no pose: show the whole board, flat and in focus")
        return Rigid(rotation(np.asarray(turn, float).ravel()), np.asarray(move, float).ravel())


class Fit(NamedTuple):
    """Intrinsics and how well they explain the views."""

    intrinsics: Intrinsics
    error_px: float  # root mean square reprojection error over all corners used
    views: int
    left_out: int  # views whose own error stood out


class Coverage(NamedTuple):
    """What the views so far have shown; ``missing`` is what to show next, empty when it is enough."""

    views: int
    cells_share: float
    tilted_views: int
    missing: str


class Views:
    """Collects sightings that add something; tells what is still missing."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.sightings: list[Sighting] = []
        self._marks: list[Float] = []
        self._cells = np.zeros((CELLS, CELLS), bool)  # row, column
        self._tilted = 0

    def offer(self, sighting: Sighting) -> bool:
        """Take a sighting if it differs from those before it; True if it was taken."""
        mark = _mark(sighting)
        nearest = min((float(np.abs(mark - known).max()) for known in self._marks), default=np.inf)
        if nearest < MIN_FRESH_SHARE * self.width:
            return False
        self.sightings.append(sighting)
        self._marks.append(mark)
        size = np.array([self.width, self.height])
        column, row = np.clip(sighting.corners_px / size * CELLS, 0, CELLS - 1).astype(int).T
        self._cells[row, column] = True
        self._tilted += self._tilt_deg(sighting) > TILT_DEG
        return True

    def coverage(self) -> Coverage:
        """What has been shown so far, and the advice for what to show next."""
        share = float(self._cells.mean())
        if share < CELLS_SHARE:
            missing = f"bring the board to the {self._empty_part()} of the picture"
        elif self._tilted < TILTED_VIEWS:
            missing = "tilt the board by 30 to 45 degrees, to each side"
        elif len(self.sightings) < MIN_VIEWS:
            missing = "show the board in more poses, near and far"
        else:
            missing = ""
        return Coverage(len(self.sightings), share, self._tilted, missing)

    def fit(self) -> Fit:
        """Intrinsics from the views so far. Raises DeviceError if they are too few."""
        return calibrate(self.sightings, self.width, self.height)

    def _tilt_deg(self, sighting: Sighting) -> float:
        """Angle between the board and the picture, by a focal length that most cameras are near to."""
        rough = _guess(self.width, self.height)
        return float(np.degrees(np.arccos(np.clip(rough.board_pose(sighting).rotation[2, 2], -1.0, 1.0))))

    def _empty_part(self) -> str:
        row, column = np.argwhere(~self._cells)[0]
        vertical = "top" if row < CELLS / 2 else "bottom"
        return f"{vertical} {'left' if column < CELLS / 2 else 'right'}"


def calibrate(sightings: Sequence[Sighting], width: int, height: int) -> Fit:
    """Least squares over all corners; views that stand out are left out once. Raises DeviceError for too few."""
    if len(sightings) < MIN_VIEWS:
        raise DeviceError(f"intrinsics need {MIN_VIEWS} views of the board, got {len(sightings)}: show it longer")
    first, errors = _solve(sightings, width, height)
    good = [view for view, error in zip(sightings, errors, strict=True) if error <= OUTLIER * np.median(errors)]
    left_out = len(sightings) - len(good)
    intrinsics, errors = _solve(good, width, height) if left_out else (first, errors)
    weights = [len(view.ids) for view in good]
    error_px = float(np.sqrt(np.average(errors**2, weights=weights)))
    return Fit(intrinsics, error_px, len(good), left_out)


def _solve(sightings: Sequence[Sighting], width: int, height: int) -> tuple[Intrinsics, Float]:
    """Intrinsics, and the root mean square error [px] of each view."""
    points = [view.points_board_m.astype(np.float32) for view in sightings]
    corners = [view.corners_px.astype(np.float32) for view in sightings]
    guess = _guess(width, height).matrix
    _, matrix, distortion, _, _, _, _, errors = cv2.calibrateCameraExtended(
        points, corners, (width, height), guess, np.zeros(5), flags=cv2.CALIB_USE_INTRINSIC_GUESS
    )
    k = np.asarray(distortion, float).ravel().tolist()
    found = np.asarray(matrix, float)
    intrinsics = Intrinsics(
        width, height, float(found[0, 0]), float(found[1, 1]), float(found[0, 2]), float(found[1, 2]),
        (k[0], k[1], k[2], k[3], k[4]),
    )  # fmt: skip
    return intrinsics, np.asarray(errors, float).ravel()


def _guess(width: int, height: int) -> Intrinsics:
    focal = 0.9 * width
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, (0.0, 0.0, 0.0, 0.0, 0.0))


def _mark(sighting: Sighting) -> Float:
    """Three numbers [px] that differ between views: where the board's middle is, and how large it looks."""
    spread = sighting.corners_px.std(axis=0).sum() / np.sqrt(len(sighting.ids))
    return np.array([*sighting.corners_px.mean(axis=0), 4.0 * spread])
