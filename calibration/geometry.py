"""Rigid motions: a rotation matrix and a translation, named ``a_t_b`` where they map points of frame b into frame a."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from robolearn.contracts import Float


class Rigid(NamedTuple):
    """One rigid motion."""

    rotation: Float  # (3, 3)
    translation_m: Float  # (3,)

    def __matmul__(self, other: Rigid) -> Rigid:
        """``a_t_b @ b_t_c`` is ``a_t_c``."""
        return Rigid(self.rotation @ other.rotation, self.rotation @ other.translation_m + self.translation_m)

    def inverse(self) -> Rigid:
        """``b_t_a`` of ``a_t_b``."""
        return Rigid(self.rotation.T, -self.rotation.T @ self.translation_m)

    def apply(self, points_m: Float) -> Float:
        """Points (N, 3) of the second frame in the first."""
        return np.asarray(points_m @ self.rotation.T + self.translation_m)

    def vector(self) -> Float:
        """(6,): rotation vector [rad], translation [m]."""
        return np.concatenate([rotation_vector(self.rotation), self.translation_m])


IDENTITY = Rigid(np.eye(3), np.zeros(3))


def rigid(vector: Float) -> Rigid:
    """The motion of (6,): rotation vector [rad], translation [m]."""
    return Rigid(rotation(vector[:3]), np.array(vector[3:], float))


def rotation(vector_rad: Float) -> Float:
    """Rotation matrix (3, 3) of a rotation vector (3,) [rad]."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector_rad, float))[0], float)


def rotation_vector(matrix: Float) -> Float:
    """Rotation vector (3,) [rad] of a rotation matrix (3, 3)."""
    return np.asarray(cv2.Rodrigues(np.asarray(matrix, float))[0], float).ravel()


def angle_deg(matrix: Float) -> float:
    """How far a rotation matrix (3, 3) turns [deg]."""
    return math.degrees(float(np.linalg.norm(rotation_vector(matrix))))
