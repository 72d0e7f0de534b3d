"""From joint targets to joint speeds, on joints that do as they are told within an acceleration."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.franka_follower import SPEED_SHARE, STREAM_S, Follower, JointLimits
from robolearn.contracts import Float
from robolearn.descriptions import description
from robolearn.errors import DeviceError
from sim.wire.franka import limits
from sim.wire.franka.body import FrankaBody
from sim.wire.franka.urdf import urdf

SERVO_S, CYCLE_S, ACCELERATION_RAD_S2 = 0.01, 0.001, 8.0
START_RAD = np.array([0.0, -0.7854, 0.0, -2.3562, 0.0, 1.5708, 0.7854])


@pytest.fixture(scope="module")
def own() -> JointLimits:
    """As the virtual robot's model tells them."""
    return JointLimits.from_urdf(urdf(FrankaBody(description("fr3")).model))


class Joints:
    """Perfect joints."""

    def __init__(self, follower: Follower) -> None:
        self.follower, self.position, self.speed, self.now_s = follower, START_RAD.copy(), np.zeros(7), 0.0

    def run(self, seconds: float) -> Float:
        """Where the first joint has been."""
        way = []
        for _ in range(round(seconds / SERVO_S)):
            wanted = self.follower.speed(self.position, self.now_s)
            assert wanted is not None
            for _ in range(round(SERVO_S / CYCLE_S)):
                most = ACCELERATION_RAD_S2 * CYCLE_S
                self.speed = self.speed + np.clip(wanted - self.speed, -most, most)
                self.position = self.position + CYCLE_S * self.speed
            self.now_s += SERVO_S
            way.append(self.position[0])
        return np.array(way)


def test_the_limits_are_read_from_the_model_of_the_robot(own: JointLimits) -> None:
    for ours, published in zip(own, (limits.LOWER_RAD, limits.UPPER_RAD, limits.SPEED_RAD_S), strict=False):
        np.testing.assert_allclose(ours, published)
    for ours, allowed in zip(own.speed_ranges(START_RAD), limits.speed_ranges(START_RAD), strict=True):
        assert (np.abs(ours) <= SPEED_SHARE * np.abs(allowed) + 1e-9).all() and np.abs(ours).min() > 1.0


@pytest.mark.parametrize("model", ["<robot/>", '<robot><joint name="joint1" type="revolute"/></robot>'])
def test_a_model_without_limits_is_refused(model: str) -> None:
    with pytest.raises(DeviceError, match="no FR3"):
        JointLimits.from_urdf(model)


def test_without_a_target_there_is_no_speed(own: JointLimits) -> None:
    follower = Follower(own)
    assert follower.speed(START_RAD, 0.0) is None
    follower.target(START_RAD, 0.0)
    follower.clear()
    assert follower.speed(START_RAD, 0.0) is None


@pytest.mark.parametrize("step_rad", [0.02, 0.2, 1.0])
def test_a_step_is_followed_without_overshoot(own: JointLimits, step_rad: float) -> None:
    follower = Follower(own)
    joints = Joints(follower)
    follower.target(START_RAD + np.eye(7)[0] * step_rad, 0.0)
    way = joints.run(3.0)
    assert way[-1] == pytest.approx(step_rad, abs=1e-4)
    assert way.max() < step_rad * 1.02


def test_a_stream_is_followed_with_little_lag_and_its_end_is_no_jump(own: JointLimits) -> None:
    follower = Follower(own)
    joints = Joints(follower)
    speed_rad_s, period_s = 0.5, 0.02
    for tick in range(100):
        follower.target(START_RAD + np.eye(7)[0] * speed_rad_s * tick * period_s, joints.now_s)
        joints.run(period_s)
    assert abs(speed_rad_s * 100 * period_s - joints.position[0]) < speed_rad_s * 0.03
    way = joints.run(2.0)
    assert way[-1] == pytest.approx(speed_rad_s * 99 * period_s, abs=1e-3)
    assert way.max() < way[-1] + speed_rad_s * STREAM_S


def test_nothing_is_driven_out_of_the_range_of_a_joint(own: JointLimits) -> None:
    follower = Follower(own)
    joints = Joints(follower)
    follower.target(own.upper_rad + 1.0, 0.0)
    joints.run(5.0)
    assert (joints.position <= own.upper_rad + 1e-6).all()
