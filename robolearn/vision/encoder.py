"""From frames to what policy and reward see: every frame through the tower once, with a few augmented copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from robolearn.contracts import Encoded, Float32, Frame, Image
from robolearn.vision.tower import Tower

SHIFT_SHARE = 4 / 128  # of the picture's width: the random shift of DrQ (Kostrikov et al. 2020) at 128 pixels
GAIN_STD, OFFSET_STD = 0.06, 6.0  # of grey levels 0 .. 255
LEVELS = np.arange(256.0)


class Encoder:
    """Features (V, dim) of each camera: variant 0 of the frame as it is, the others shifted, brighter or darker."""

    def __init__(self, tower: Tower, cameras: Sequence[str], variants: int, seed: int) -> None:
        self.tower = tower
        self.cameras = tuple(cameras)
        self.variants = variants
        self._rng = np.random.default_rng(seed)

    def encode(self, frames: Mapping[str, Frame], proprio: Float32, variants: int | None = None) -> Encoded:
        """Encode one observation; fewer ``variants`` than the encoder's own are quicker where nothing is stored."""
        count = self.variants if variants is None else variants
        seen = [self.tower.resized(frames[camera].rgb) for camera in self.cameras]  # large ones cost more to change
        pictures = [each for rgb in seen for each in (rgb, *(self._augmented(rgb) for _ in range(count - 1)))]
        features = self.tower.encode(pictures).reshape(len(self.cameras), count, -1)
        return Encoded(dict(zip(self.cameras, features, strict=True)), proprio)

    def _augmented(self, rgb: Image) -> Image:
        pixels = max(1, round(rgb.shape[1] * SHIFT_SHARE))
        dx, dy = self._rng.integers(-pixels, pixels + 1, 2)
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        moved = cv2.warpAffine(rgb, shift, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        gain, offset = 1.0 + GAIN_STD * self._rng.standard_normal(), OFFSET_STD * self._rng.standard_normal()
        return np.asarray(cv2.LUT(moved, np.clip(LEVELS * gain + offset, 0, 255).astype(np.uint8)), np.uint8)
