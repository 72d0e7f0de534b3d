"""``robolearn calibrate board``: a ChArUco board to print."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calibration.board import load_board
from robolearn import atomic
from robolearn.cli.calibrate.workshop import BOARD
from robolearn.errors import ConfigError

DOTS_PER_M = 300 / 0.0254


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which board, and where to."""
    parser.add_argument("--board", default=BOARD, help=f"name or file of the board ({BOARD})")
    parser.add_argument("--png", type=Path, required=True, help="picture to write, 300 dots per inch")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the picture, and say what must be measured on the print."""
    board = load_board(args.board)
    done, encoded = cv2.imencode(".png", board.picture(DOTS_PER_M))
    if not done:
        raise ConfigError(f"board {board.name}: it is too large to draw at 300 dots per inch")
    try:
        atomic.write_bytes(args.png, np.asarray(encoded).tobytes())
    except OSError as error:
        raise ConfigError(f"cannot write {args.png}: {error}") from error
    width, height = board.size_m
    return {
        "file": args.png,
        "print": f"at 300 dots per inch and 100 %, {width * 1e3:.0f} x {height * 1e3:.0f} mm, glued flat",
        "then": f"measure a row of squares; if one is not {board.square_m * 1e3:g} mm, correct square_m in a copy of "
        "the board's file",
    }
