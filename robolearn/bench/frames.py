"""Camera-like pictures, the same for both sides of a benchmark. Needs numpy alone: peers import it too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOISE_STD = 2.0  # grey levels of 255, as of a small camera indoors


def camera_frames(rows: int, height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Pictures of a textured table with a cube that is carried across it, and sensor noise.

    Neither flat colour nor pure noise, because the first flatters every codec and the second none.
    Returns uint8 (rows, height, width, 3); two rows in succession differ by a small motion and fresh noise.
    """
    rng = np.random.default_rng(seed)
    table = _table(height, width, rng)
    side = height // 6
    frames = np.empty((rows, height, width, 3), np.uint8)
    for row in range(rows):
        picture = table.copy()
        top = int((height - side) * (0.5 + 0.4 * np.sin(0.11 * row)))
        left = int((width - side) * (0.5 + 0.4 * np.cos(0.07 * row)))
        picture[top : top + side, left : left + side] = (200.0, 40.0, 30.0)
        picture += rng.standard_normal(picture.shape, np.float32) * np.float32(NOISE_STD)
        frames[row] = np.clip(picture, 0, 255).astype(np.uint8)
    return frames


def _table(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Wood-like stripes under a light that falls off to one side."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 150.0 - 60.0 * (x / width) * (y / height)
    grain = 12.0 * np.sin(24.0 * y / height + 3.0 * np.sin(9.0 * x / width + rng.uniform(0.0, 6.0)))
    tint = np.array([1.0, 0.82, 0.6], np.float32)
    return np.asarray((light + grain)[..., None] * tint, np.float32)
