"""What an FR3 allows its joints, from the maker's URDF (franka_description, as libfranka 0.21 tests with it) and from
``franka/rate_limiting.h`` of libfranka 0.21."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Float

LOWER_RAD = np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196])
UPPER_RAD = np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196])
SPEED_RAD_S = np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
SPEED_OFFSET_RAD_S = np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35])
DECELERATION_RAD_S2 = np.array([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0])
ACCELERATION_RAD_S2 = 10.0


def speed_ranges(position_rad: Float) -> tuple[Float, Float]:
    """Lowest and highest speed (7,) [rad/s] of the joints where they are: nothing that ends beyond their range."""
    return -_towards(position_rad - LOWER_RAD), _towards(UPPER_RAD - position_rad)


def _towards(way_rad: Float) -> Float:
    braking = np.sqrt(2.0 * DECELERATION_RAD_S2 * np.maximum(way_rad, 0.0)) - SPEED_OFFSET_RAD_S
    return np.asarray(np.minimum(SPEED_RAD_S, np.maximum(0.0, braking)))
