"""A gate over the fake arm, driven by hand."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import ArmCommand, CommandMode, Executed, Float
from robolearn.limits import NONE_MEASURED, Box, Limits
from robolearn.safety import Gate
from tests.contract.fake_arm import PERIOD_NS, FakeArm, SteppedClock

DT_S = PERIOD_NS / 1e9
SPEED, ACCELERATION, JERK, TOOL_SPEED = 2.0, 20.0, 1000.0, 1.0
WIDE = Limits(
    joint_lower_rad=(-1.5,) * 5,
    joint_upper_rad=(1.5,) * 5,
    joint_speed_rad_s=(SPEED,) * 5,
    joint_acceleration_rad_s2=(ACCELERATION,) * 5,
    joint_jerk_rad_s3=(JERK,) * 5,
    joint_lead_rad=(0.1,) * 5,
    tool_speed_m_s=TOOL_SPEED,
    workspace=Box((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5)),
    keep_out=(),
    tool_slack_m=0.005,
    gripper_load=NONE_MEASURED,
    tool_force_n=NONE_MEASURED,
    tool_torque_nm=NONE_MEASURED,
    command_max_age_s=0.1,
    watchdog_s=0.2,
)
PAN = np.eye(5)[0]


class Bench:
    """A gate over the fake arm, driven by hand."""

    def __init__(self, limits: Limits = WIDE) -> None:
        self.clock = SteppedClock()
        self.arm = FakeArm(self.clock)
        self.gate = Gate(self.arm, limits, self.arm.kinematics, self.clock)
        self.gate.connect()
        self.start = self.arm.read().joint_position_rad

    def send(self, values: Float, opening: float | None = None, wait_ns: int = PERIOD_NS) -> Executed:
        """One fresh command, then some time."""
        executed = self.gate.command(self.asked(values, opening))
        self.clock.sleep_until(self.clock.now_ns() + wait_ns)
        return executed

    def asked(self, values: Float, opening: float | None = None) -> ArmCommand:
        """A fresh command."""
        return ArmCommand(self.clock.now_ns(), CommandMode.JOINT_POSITION, values, opening)

    def drive(self, values: Float, commands: int) -> list[Executed]:
        """The same goal again and again."""
        return [self.send(values) for _ in range(commands)]

    def tools(self) -> Float:
        """Tool positions (N, 3) [m] of everything the motors were told."""
        return np.array([self.arm.kinematics.tool_position_base_m(target) for target in self.arm.sent])
