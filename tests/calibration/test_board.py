"""The ChArUco board: its picture, and its corners in a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calibration.board import Board, load_board
from robolearn import config
from robolearn.contracts import Image
from robolearn.errors import ConfigError

BOARD = load_board("charuco_small")
PX_PER_M, MARGIN_PX = 3000.0, 60


def drawn(board: Board, scale: float = 1.0) -> Image:
    """A picture that shows the whole board, upright."""
    picture = cv2.copyMakeBorder(
        board.picture(PX_PER_M), *[MARGIN_PX] * 4, borderType=cv2.BORDER_CONSTANT, value=[255.0]
    )
    resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_GRAY2RGB), np.uint8)


@pytest.mark.parametrize("name", config.names("boards"))
def test_every_corner_of_a_shipped_board_is_found_where_it_is(name: str) -> None:
    board = load_board(name)
    sighting = board.find(drawn(board))
    assert sighting is not None and len(sighting.ids) == board.corners
    expected = sighting.points_board_m[:, :2] * PX_PER_M + MARGIN_PX - 0.5
    assert np.abs(sighting.corners_px - expected).max() < 0.1


def test_corners_of_a_small_picture_are_told_in_its_own_pixels() -> None:
    small = drawn(BOARD, scale=0.25)
    assert small.shape[0] < 128
    sighting = BOARD.find(small)
    assert sighting is not None and len(sighting.ids) > BOARD.corners / 2
    expected = (sighting.points_board_m[:, :2] * PX_PER_M + MARGIN_PX) * 0.25 - 0.5
    assert np.abs(sighting.corners_px - expected).max() < 0.4


def test_corners_come_in_the_order_of_their_numbers() -> None:
    sighting = BOARD.find(drawn(BOARD))
    assert sighting is not None and (np.diff(sighting.ids) > 0).all()


def test_a_picture_without_a_board_shows_none() -> None:
    assert BOARD.find(np.full((480, 640, 3), 128, np.uint8)) is None


def test_an_unknown_dictionary_is_named_with_what_was_meant() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'DICT_4X4_50'"):
        Board("mine", 5, 4, 0.03, 0.02, "DICT_4X4_5O")


def test_markers_must_be_smaller_than_squares() -> None:
    with pytest.raises(ConfigError, match="marker_m must be below square_m"):
        Board("mine", 5, 4, 0.03, 0.03, "DICT_4X4_50")
