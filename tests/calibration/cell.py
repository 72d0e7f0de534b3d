"""A cell whose truth is known and whose corners are projected, not rendered: quick, and exact but for stated noise."""

from __future__ import annotations

import numpy as np

from calibration.board import Sighting
from calibration.hand_eye import Look
from calibration.intrinsics import Intrinsics
from robolearn.bench.calibration_rig import HEIGHT, WIDTH, Rig
from robolearn.contracts import Float

CORNER_NOISE_PX = 0.06


class ProjectedRig(Rig):
    """The benchmark's cell with a perfect corner finder."""

    def look(self, target_rad: Float) -> Look | None:
        true, read = self.go(target_rad)
        points = self._camera_t_board(true).apply(self.board.corner_points_m)
        pixels = self.lens.project(points)
        inside = (pixels > 0).all(axis=1) & (pixels < (WIDTH - 1, HEIGHT - 1)).all(axis=1)
        seen = np.flatnonzero(inside)
        if len(seen) < 6:
            return None
        noise = self.rng.normal(0.0, CORNER_NOISE_PX, (len(seen), 2))
        return Look(read, Sighting(seen.astype(np.int32), pixels[seen] + noise, self.board.corner_points_m[seen]))


def simple_lens(distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)) -> Intrinsics:
    """A lens of 640 x 480."""
    return Intrinsics(WIDTH, HEIGHT, 600.0, 604.0, 322.0, 238.0, distortion)
