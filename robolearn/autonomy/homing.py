"""Back to where a session began: straight in joint space, slowly, and through the gate like every other motion."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from robolearn.contracts import ArmCommand, CommandMode, Float
from robolearn.errors import DeviceError
from robolearn.station import NS, Station

SPEED_SHARE = 0.2  # of the speed that the limits allow
STRAY_RAD = 0.05  # the gate holds the arm back by more than this: something is in the way
THERE_RAD = 0.02


def return_to(station: Station, home_rad: Float, stopped: Callable[[], bool]) -> bool:
    """Move the joints to ``home_rad`` (J,); the gripper stays. False if ``stopped`` said so on the way.

    Raises DeviceError if the arm is faulted, or if its limits do not let it go straight there."""
    clock, arm, control_hz = station.clock, station.arm, station.config.control_hz
    start = arm.read().joint_position_rad
    way = home_rad - start
    if np.abs(way).max() <= THERE_RAD:
        return True
    seconds = float((np.abs(way) / (SPEED_SHARE * arm.spec.joint_velocity_limit_rad_s)).max())
    ticks = math.ceil(seconds * control_hz)
    for tick in range(1, ticks + 1):
        if stopped():
            return False
        now_ns, target = clock.now_ns(), start + way * (tick / ticks)
        done = arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, None))
        if np.abs(done.command.values - target).max() > STRAY_RAD:
            raise DeviceError(
                f"the straight way back to the start pose is closed ({', '.join(done.clips)}): bring the arm nearer to "
                "it with 'robolearn teleop', then go on"
            )
        clock.sleep_until(now_ns + round(NS / control_hz))
    return True
