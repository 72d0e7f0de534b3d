"""The virtual robot in cycles of 1 ms: its mode, one motion at a time, what stops it, the arm. It knows no socket."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

import numpy as np

from robolearn.contracts import Float
from sim.wire.arm_body import Target
from sim.wire.franka import limits
from sim.wire.franka.body import CYCLE_S, FrankaBody
from sim.wire.franka.frames import Frames, column_major
from sim.wire.franka.packets import (
    ERRORS,
    Control,
    Error,
    Generator,
    Motion,
    MoveStatus,
    RobotCommand,
    RobotMode,
    pack_state,
)

MOST_LOST = 20  # commands in a row, as documented
FIRST_WITHIN = 500  # cycles from the start of a motion to its first command; not published
RATE_OVER = 100  # commands that the success rate looks back on
BRAKE_RAD_S2 = limits.ACCELERATION_RAD_S2
TOLERANCE = 1.01  # of the limits on speed and acceleration
REST_RAD_S = 1e-9
RECOVERY_CYCLES = 100
UNLIMITED = np.full(7, np.inf)
log = logging.getLogger(__name__)


class FrankaRobot:
    """Call :meth:`cycle` once per millisecond of the robot's time; requests come between cycles."""

    def __init__(self, body: FrankaBody, start_rad: Float) -> None:
        self.body = body
        body.place(start_rad)
        self.frames = Frames(*body.flange_base())
        self.message_id = 0
        self.mode = RobotMode.IDLE
        self.torque_threshold_nm, self.force_threshold_n = UNLIMITED, np.full(6, np.inf)
        self.ended: MoveStatus | None = None  # what has become of the last motion, until its owner has taken it
        self._generator = Generator.IDLE
        self._target = Target(start_rad, np.zeros(7))
        self._acceleration_rad_s2 = np.zeros(7)
        self._commanded_rad_s = np.zeros(7)  # the last speed that a client has asked for
        self._errors = [False] * ERRORS
        self._reasons = [False] * ERRORS
        self._command: RobotCommand | None = None
        self._lost = self._recovering = 0
        self._arrived: deque[bool] = deque(maxlen=RATE_OVER)  # since the first command of a motion
        self._felt = body.feel(self.frames.contact_base_m)

    @property
    def moving(self) -> bool:
        """True while a client's motion runs, and a command is due for each state."""
        return self._generator is not Generator.IDLE

    @property
    def commanded(self) -> bool:
        """True if the command for the last state is here, or nobody can count on one."""
        return not self.moving or self._command is not None or not self._arrived or self._lost > 0

    @property
    def still(self) -> bool:
        """True once the joints are no longer sent anywhere."""
        return float(np.abs(self._target.velocity_rad_s).max()) < REST_RAD_S

    @property
    def recovered(self) -> bool:
        """True unless an error recovery is going on."""
        return self.mode is not RobotMode.AUTOMATIC_ERROR_RECOVERY

    def start(self, generator: Generator) -> MoveStatus:
        """Begin a motion from rest."""
        if self.mode is not RobotMode.IDLE or not self.still:
            return MoveStatus.NOT_POSSIBLE
        self._generator, self.mode, self.ended = generator, RobotMode.MOVE, None
        self._command, self._lost = None, 0
        self._commanded_rad_s = np.zeros(7)
        self._arrived.clear()
        return MoveStatus.STARTED

    def take(self, command: RobotCommand) -> None:
        """A client's command; one for any state but the newest counts for nothing."""
        if self.moving and command.message_id == self.message_id:
            self._command = command

    def stop(self) -> None:
        """End the motion by the client's wish: the arm brakes."""
        if self.moving:
            self._end(MoveStatus.PREEMPTED, RobotMode.IDLE)

    def reflex(self, error: Error) -> None:
        """The robot protects itself: it brakes, and stays until its errors are recovered from."""
        if self.mode in (RobotMode.IDLE, RobotMode.MOVE):
            log.warning("reflex: %s at state %d", error.name.lower(), self.message_id)
            self._errors[error] = True
            self._reasons = list(self._errors)
            self._end(MoveStatus.REFLEX_ABORTED, RobotMode.REFLEX)

    def user_stop(self, pressed: bool) -> None:
        """Press the button (the arm brakes) or pull it out again."""
        if pressed:
            log.warning("user stop")
            self._end(MoveStatus.EMERGENCY_ABORTED, RobotMode.USER_STOPPED)
        elif self.mode is RobotMode.USER_STOPPED:
            self.mode = RobotMode.REFLEX if any(self._errors) else RobotMode.IDLE

    def recover(self) -> bool:
        """Begin to recover from errors; False if that cannot be now."""
        if self.moving or self.mode is RobotMode.USER_STOPPED:
            return False
        self.mode, self._recovering = RobotMode.AUTOMATIC_ERROR_RECOVERY, RECOVERY_CYCLES
        return True

    def cycle(self) -> None:
        """1 ms of motion, supervision and physics."""
        if self.moving:
            self._follow()
        if not self.moving:
            self._brake()
        self._recover()
        self.body.step(self._target)
        self.message_id += 1
        self.frames.move(*self.body.flange_base())
        self._felt = self.body.feel(self.frames.contact_base_m)
        self._watch_contact()

    def state(self) -> bytes:
        """The robot state that goes out after a cycle."""
        position, torque = self.body.position_rad, self.body.moment_nm
        pose = column_major(self.frames.tool_base)
        wrench = self._felt.wrench_base
        turned = self.frames.contact_base[:3, :3].T
        fields: dict[str, Sequence[float] | Float] = {
            "O_T_EE": pose, "O_T_EE_d": pose, "O_T_EE_c": pose, **self.frames.fields(),
            "q": position, "q_d": self._target.position_rad, "dq": self.body.velocity_rad_s,
            "dq_d": self._target.velocity_rad_s, "ddq_d": self._acceleration_rad_s2, "theta": position,
            "dtheta": self.body.velocity_rad_s, "tau_J": torque, "tau_J_d": torque,
            "elbow": (position[2], 1.0 if position[3] > 0 else -1.0), "tau_ext_hat_filtered": self._felt.torque_nm,
            "O_F_ext_hat_K": wrench, "K_F_ext_hat_K": (*(turned @ wrench[:3]), *(turned @ wrench[3:])),
            "O_dP_EE_d": self.body.twist_base(self.frames.tool_base[:3, 3]), "O_ddP_O": (0.0, 0.0, -9.81),
        }  # fmt: skip
        rate = sum(self._arrived) / len(self._arrived) if self._arrived else 0.0
        control = Control.JOINT_IMPEDANCE if self.moving else Control.OTHER
        motion = Motion(self._generator, control, self._errors, self._reasons, self.mode, rate)
        return pack_state(self.message_id, fields, motion)

    def _follow(self) -> None:
        """One cycle of the client's motion; a missing command is made up for by constant acceleration."""
        command, self._command = self._command, None
        has_begun = bool(self._arrived) or command is not None
        if has_begun:
            self._arrived.append(command is not None)
        if command is None:
            self._lost += 1
            if self._lost >= (MOST_LOST if has_begun else FIRST_WITHIN):
                self.reflex(Error.COMMUNICATION_CONSTRAINTS)
            else:
                self._extrapolate()
            return
        cycles, self._lost = self._lost + 1 if len(self._arrived) > 1 else 1, 0
        if command.is_last:
            self._end(MoveStatus.SUCCESS, RobotMode.IDLE)
        elif self._generator is Generator.JOINT_VELOCITY:
            self._go(np.array(command.dq), cycles)
        else:
            self._go((np.array(command.q) - self._target.position_rad) / CYCLE_S, cycles)

    def _extrapolate(self) -> None:
        wanted = self._target.velocity_rad_s + CYCLE_S * self._acceleration_rad_s2
        velocity = np.clip(wanted, *limits.speed_ranges(self._target.position_rad))
        self._target = Target(self._target.position_rad + CYCLE_S * velocity, velocity)

    def _go(self, velocity_rad_s: Float, cycles: int) -> None:
        """Move the target on with a speed, ``cycles`` after the last one, unless that breaks a limit."""
        lowest, highest = limits.speed_ranges(self._target.position_rad)
        acceleration = (velocity_rad_s - self._commanded_rad_s) / (cycles * CYCLE_S)
        position = self._target.position_rad + CYCLE_S * velocity_rad_s
        if not ((position >= limits.LOWER_RAD) & (position <= limits.UPPER_RAD)).all():
            self.reflex(Error.POSITION_LIMITS)
        elif not ((TOLERANCE * lowest <= velocity_rad_s) & (velocity_rad_s <= TOLERANCE * highest)).all():
            self.reflex(Error.VELOCITY_LIMITS)
        elif not (np.abs(acceleration) <= TOLERANCE * limits.ACCELERATION_RAD_S2).all():
            self.reflex(Error.VELOCITY_DISCONTINUITY)
        else:
            self._acceleration_rad_s2, self._commanded_rad_s = acceleration, velocity_rad_s
            self._target = Target(position, velocity_rad_s)

    def _brake(self) -> None:
        """Every joint loses speed as fast as it may."""
        position, velocity = self._target
        slower = np.sign(velocity) * np.maximum(np.abs(velocity) - BRAKE_RAD_S2 * CYCLE_S, 0.0)
        self._acceleration_rad_s2 = (slower - velocity) / CYCLE_S
        self._target = Target(position + CYCLE_S * slower, slower)

    def _end(self, status: MoveStatus, mode: RobotMode) -> None:
        self.mode = mode
        if self.moving:
            self._generator, self.ended, self._command = Generator.IDLE, status, None

    def _recover(self) -> None:
        if self.mode is RobotMode.AUTOMATIC_ERROR_RECOVERY:
            self._recovering -= 1
            if self._recovering <= 0 and self.still:
                self.mode, self._errors = RobotMode.IDLE, [False] * ERRORS

    def _watch_contact(self) -> None:
        if self.moving:
            if (np.abs(self._felt.torque_nm) > self.torque_threshold_nm).any():
                self.reflex(Error.JOINT_REFLEX)
            elif (np.abs(self._felt.wrench_base) > self.force_threshold_n).any():
                self.reflex(Error.CARTESIAN_REFLEX)
