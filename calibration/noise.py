"""What a reading of the joints that is a little off does to the corners in a picture, and how to weigh it rightly."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Float

CORNER_PX = 0.1  # one standard deviation of a corner's place


class JointNoise:
    """Noise of one picture: each corner's own, and the joints' that moves all of them together.

    With slopes S (M, J) [px/rad], corners of spread c and joints of spread q have the covariance
    c^2 (I + B B^T), B = S q / c. Dividing by its square root makes least squares the best estimate."""

    def __init__(self, slopes: Float, joint_sigma_rad: float) -> None:
        self._basis, values, _ = np.linalg.svd(slopes * (joint_sigma_rad / CORNER_PX), full_matrices=False)
        self._shrink = 1.0 / np.sqrt(1.0 + values**2) - 1.0

    def whiten(self, pixels: Float) -> Float:
        """``pixels`` (M, ...) [px] in units of the noise."""
        return np.asarray(pixels + (self._basis * self._shrink) @ (self._basis.T @ pixels)) / CORNER_PX
