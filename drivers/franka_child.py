"""The process in which franky lives, and in it libfranka's loop of 1 kHz: Python hands it joint speeds."""

from __future__ import annotations

import math
import time

import franky
import numpy as np

from drivers.child import run_child
from drivers.franka_follower import JOINTS, Follower, JointLimits
from drivers.franka_words import MOVE, SEPARATOR, Reading, Settings
from robolearn.errors import DeviceError

REPORT_S = 0.004
SERVO_S = 0.01
RECOVERED_S = 0.5
HOLD_MS = 100  # a speed that is not renewed for so long ends, and the arm brakes
ACCELERATION_RAD_S2, JERK_RAD_S3 = 8.0, 4000.0  # an FR3 allows 10 and 5000; franky 2.0 has those of the Panda
ERROR_NAMES = [name for name in dir(franky.Errors) if not name.startswith("_")]
MOST_ERRORS = 4


class FrankaDevice:
    """Implements ``drivers.child.Device``: one connection to a robot."""

    poll_s = 0.002

    def __init__(self, settings: Settings) -> None:
        """Raises RuntimeError if the robot cannot be reached."""
        realtime = franky.RealtimeConfig.Enforce if settings.needs_realtime else franky.RealtimeConfig.Ignore
        self._settings = settings
        try:
            self._robot = franky.Robot(
                settings.host, 1.0, settings.torque_threshold_nm, settings.force_threshold_n,
                realtime_config=realtime,
            )  # fmt: skip
            self._follower = Follower(_limits(self._robot))
        except (franky.Exception, DeviceError) as error:
            raise RuntimeError(str(error)) from error
        self._robot_ms = -1
        self._commanded_rad = np.zeros(JOINTS)  # as the newest state tells it
        self._reported_s = self._servoed_s = 0.0
        self._is_moving = False
        self._ended = ""  # why the robot has ended the motion; there is no other before the next arming

    def arm(self) -> None:
        """Recover from errors, and tell the robot of its load. It does not move."""
        settings = self._settings
        try:
            if self._robot.has_errors and not self._recovers():
                raise RuntimeError("the robot does not recover from its errors; look at Desk")
            self._robot.set_load(settings.load_kg, list(settings.load_centre_m), [0.0] * 9)
        except franky.Exception as error:
            raise RuntimeError(str(error)) from error

    def target(self, numbers: list[float]) -> None:
        """Joint angles (7,) [rad]."""
        self._follower.target(np.array(numbers), time.monotonic())

    def halt(self) -> None:
        """Brake to rest; the robot holds by itself."""
        self._follower.clear()
        if self._is_moving:
            self._drive(franky.JointVelocityStopMotion())

    def reading(self) -> bytes | None:
        """The newest state, now and then; None if the robot has said nothing new."""
        now_s = time.monotonic()
        if now_s - self._reported_s < REPORT_S:
            return None
        try:
            state = self._robot.state
        except franky.Exception as error:
            raise RuntimeError(str(error)) from error
        robot_ms = state.time.to_msec()
        if robot_ms == self._robot_ms:
            return None
        self._robot_ms, self._reported_s = robot_ms, now_s
        self._commanded_rad = np.array(state.q_d)
        return _reading(state, self._ended).pack()

    def keep_alive(self) -> None:
        """Renew the speed, and see whether the robot still follows."""
        now_s = time.monotonic()
        if now_s - self._servoed_s < SERVO_S or self._robot_ms < 0 or self._ended:
            return
        self._servoed_s = now_s
        speed = self._follower.speed(self._commanded_rad, now_s)
        if self._is_moving:
            self._look_after_motion()
        if speed is not None:
            held = franky.JointVelocityWaypoint(speed, hold_target_duration=franky.Duration(HOLD_MS))
            self._drive(franky.JointVelocityWaypointMotion([held, franky.JointVelocityWaypoint(np.zeros(JOINTS))]))

    def let_go(self) -> None:
        """Wait for the arm to stand."""
        if self._is_moving:
            self._robot.join_motion(1.0)

    def _recovers(self) -> bool:
        """Its answer that it has recovered may be here before the state that shows it."""
        recovered, end_s = bool(self._robot.recover_from_errors()), time.monotonic() + RECOVERED_S
        while not recovered and time.monotonic() < end_s:
            time.sleep(REPORT_S)
            recovered = not self._robot.has_errors
        return recovered

    def _drive(self, motion: franky.Motion) -> None:
        try:
            self._robot.move(motion, asynchronous=True, limit_rate=True)
            self._is_moving = True
        except franky.Exception as error:
            self._give_up(error)

    def _look_after_motion(self) -> None:
        """Take note of a motion's end."""
        try:
            self._is_moving = not self._robot.join_motion(0.0)
        except franky.Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Tell why there is no motion any more; a lost connection ends this process."""
        if isinstance(error, franky.NetworkException):
            raise RuntimeError(str(error)) from error
        self._is_moving, self._ended = False, str(error).partition(SEPARATOR)[0]
        self._follower.clear()


def _limits(robot: franky.Robot) -> JointLimits:
    """The robot's own, as far as franky lets speeds come; sets what franky plans with."""
    limits = JointLimits.from_urdf(robot.model_urdf)
    for limit, most in ((robot.joint_acceleration_limit, ACCELERATION_RAD_S2), (robot.joint_jerk_limit, JERK_RAD_S3)):
        limit.set(np.minimum(limit.max, most))
    return limits._replace(speed_rad_s=np.minimum(limits.speed_rad_s, robot.joint_velocity_limit.get()))


def _reading(state: franky.RobotState, ended: str) -> Reading:
    pose = np.array(state.O_T_EE.matrix) @ np.array(state.EE_T_K.matrix)
    errors = state.current_errors
    names = [name for name in ERROR_NAMES if getattr(errors, name)]
    rate = state.control_command_success_rate
    mode = state.robot_mode.name
    return Reading(
        time.monotonic_ns(), tuple(state.q), tuple(state.dq), tuple(pose[:3, 3]), tuple(state.O_F_ext_hat_K),
        rate if mode == MOVE and math.isfinite(rate) else 0.0, mode, ",".join(names[:MOST_ERRORS]), ended,
    )  # fmt: skip


if __name__ == "__main__":
    run_child(lambda settings: FrankaDevice(Settings.from_json(settings)))
