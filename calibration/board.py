"""The ChArUco board: what it looks like, and where its corners are in a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from robolearn import config
from robolearn.config import Key
from robolearn.contracts import Float, Image
from robolearn.errors import ConfigError, unknown

DICTIONARIES = tuple(sorted(name for name in dir(cv2.aruco) if name.startswith("DICT_")))
SMALL_PX, ENLARGED_PX = 400, 512  # pictures with fewer rows are enlarged: markers need some three pixels a bit
MIN_CORNERS = 6  # fewer say too little about a pose

Gray = NDArray[np.uint8]


class Sighting(NamedTuple):
    """The board in one picture."""

    ids: NDArray[np.int32]  # (N,) numbers of the corners seen, ascending
    corners_px: Float  # (N, 2) column, row; the centre of the first pixel is (0, 0)
    points_board_m: Float  # (N, 3) the same corners in the board's frame


@dataclass(frozen=True)
class Board:
    """One file of ``configs/boards``. The frame: origin at a corner of the board, x along the columns, z out of
    the back of the paper, so that a camera that sees the board upright has parallel axes."""

    name: str
    columns: Annotated[int, Key("squares in a row", low=3, high=50)]
    rows: Annotated[int, Key("squares in a column", low=3, high=50)]
    square_m: Annotated[float, Key("side of a square [m], measured on the print", low=1e-3, high=1.0)]
    marker_m: Annotated[float, Key("side of a marker [m]", low=1e-3, high=1.0)]
    dictionary: Annotated[str, Key("ArUco dictionary")]

    def __post_init__(self) -> None:
        """Raise ConfigError for markers larger than squares, or an unknown dictionary."""
        if not self.marker_m < self.square_m:
            raise ConfigError(f"board {self.name}: marker_m must be below square_m {self.square_m}")
        if self.dictionary not in DICTIONARIES:
            raise ConfigError(f"board {self.name}: {unknown('dictionary', self.dictionary, DICTIONARIES)}")

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height."""
        return self.columns * self.square_m, self.rows * self.square_m

    @property
    def corners(self) -> int:
        """How many inner corners it has."""
        return (self.columns - 1) * (self.rows - 1)

    def picture(self, px_per_m: float) -> Gray:
        """The board, to be printed or drawn, without a margin."""
        width, height = (round(side * px_per_m) for side in self.size_m)
        return np.asarray(self._charuco.generateImage((width, height)), np.uint8)

    def find(self, rgb: Image) -> Sighting | None:
        """Corners of the board in a picture (H, W, 3), or None if fewer than six are seen."""
        gray, scale = _enlarged(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8))
        corners, ids, _, _ = self._detector.detectBoard(gray)
        if ids is None or len(ids) < MIN_CORNERS:
            return None
        numbers = np.asarray(ids, np.int32).ravel()
        order = np.argsort(numbers)
        # cv2.resize aligns the edges of the pictures, not the centres of their first pixels
        pixels = (np.asarray(corners, float).reshape(-1, 2) + 0.5) / scale - 0.5
        return Sighting(numbers[order], pixels[order], self.corner_points_m[numbers[order]])

    @cached_property
    def corner_points_m(self) -> Float:
        """All inner corners (N, 3) in the board's frame, by number."""
        return np.asarray(self._charuco.getChessboardCorners(), float)

    @cached_property
    def _charuco(self) -> cv2.aruco.CharucoBoard:
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square_m, self.marker_m, dictionary)

    @cached_property
    def _detector(self) -> cv2.aruco.CharucoDetector:
        return cv2.aruco.CharucoDetector(self._charuco)


def load_board(name: str) -> Board:
    """Board file by name or path. Raises ConfigError."""
    return config.load(config.find("boards", name), Board)


def _enlarged(gray: Gray) -> tuple[Gray, int]:
    """A picture large enough for the markers to be read, and how many times larger it is."""
    if gray.shape[0] >= SMALL_PX:
        return gray, 1
    scale = -(-ENLARGED_PX // gray.shape[0])
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8), scale
