"""The gate over an arm is an arm."""

from __future__ import annotations

from robolearn.limits import NONE_MEASURED, Box, Limits
from robolearn.safety import Gate
from tests.contract.arm import ArmContract, ArmRig
from tests.contract.fake_arm import FakeArm, SteppedClock

LIMITS = Limits(
    joint_lower_rad=(-1.5,) * 5,
    joint_upper_rad=(1.5,) * 5,
    joint_speed_rad_s=(2.0,) * 5,
    joint_acceleration_rad_s2=(20.0,) * 5,
    joint_jerk_rad_s3=(1000.0,) * 5,
    joint_lead_rad=(0.1,) * 5,
    tool_speed_m_s=1.0,
    workspace=Box((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5)),
    keep_out=(),
    tool_slack_m=0.005,
    gripper_load=NONE_MEASURED,
    tool_force_n=NONE_MEASURED,
    tool_torque_nm=NONE_MEASURED,
    command_max_age_s=0.1,
    watchdog_s=0.2,
)


class TestGate(ArmContract):
    """The gate passes the kit."""

    def make(self) -> ArmRig:
        """A gate over the fake arm."""
        clock = SteppedClock()
        arm = FakeArm(clock)
        return ArmRig(Gate(arm, LIMITS, arm.kinematics, clock), clock, arm.close)


class TestFakeArm(ArmContract):
    """The arm beneath it keeps the same rules, or the tests above it would prove little."""

    def make(self) -> ArmRig:
        """The fake arm itself."""
        clock = SteppedClock()
        arm = FakeArm(clock)
        return ArmRig(arm, clock, arm.close)
