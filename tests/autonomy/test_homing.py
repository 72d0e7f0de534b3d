"""The arm goes back to its start by itself: slowly, through the gate, and only while nobody says stop."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.autonomy.homing import SPEED_SHARE, return_to
from robolearn.errors import DeviceError
from tests.autonomy.rig import START_RAD, open_reach

HOME = np.array(START_RAD)


def test_the_arm_is_back_where_it_was_and_never_fast() -> None:
    cell, _ = open_reach()
    station = cell.station
    station.reset(0)
    fastest = 0.0
    before = station.arm.read().joint_position_rad

    def watch() -> bool:
        nonlocal fastest, before
        now = station.arm.read().joint_position_rad
        fastest = max(fastest, float((np.abs(now - before) / station.arm.spec.joint_velocity_limit_rad_s).max()))
        before = now
        return False

    away = before.copy()
    assert return_to(station, HOME, watch)
    assert np.abs(station.arm.read().joint_position_rad - HOME).max() < 0.05 < np.abs(away - HOME).max()
    assert fastest <= 1.5 * SPEED_SHARE / station.config.control_hz


def test_a_person_may_stop_it_on_the_way() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    before = cell.station.arm.read().joint_position_rad
    assert not return_to(cell.station, HOME, lambda: True)
    np.testing.assert_allclose(cell.station.arm.read().joint_position_rad, before, atol=1e-3)


def test_a_way_that_the_limits_close_is_named_and_not_forced() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    outside = HOME + np.array([0.0, 0.9, 0.0, 0.0, 0.0])
    with pytest.raises(DeviceError, match="straight way back to the start pose is closed .*robolearn teleop"):
        return_to(cell.station, outside, lambda: False)


def test_a_faulted_arm_does_not_move() -> None:
    cell, _ = open_reach()
    cell.station.reset(0)
    cell.station.arm.stop("a person pressed stop")
    with pytest.raises(DeviceError, match="a person pressed stop"):
        return_to(cell.station, HOME, lambda: False)
