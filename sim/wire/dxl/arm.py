"""Dynamixel servos on the joints of a scene: registers ask, physics answers, and the servos protect themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from sim.scene import Scene
from sim.wire.dxl.bus import Bus
from sim.wire.dxl.packets import Instruction, split
from sim.wire.dxl.servo import (
    MIDDLE,
    MODELS,
    POSITION_MODES,
    RPM_PER_COUNT,
    RPM_PER_MIN_PER_COUNT,
    STEPS,
    HardwareError,
    Register,
    Sensed,
    Servo,
)
from sim.wire.joints import UNLIMITED, ServoJoints
from sim.wire.line import Line

STEP_RAD = math.tau / STEPS
RPM_RAD_S = math.tau / 60.0
PROTECTION_PERIOD_S = 0.01
OVERLOAD_SHARE, OVERLOAD_S = 0.8, 2.0
MOVING_STEPS_S = 5.0
FULL_PWM = 885
QUIET = (Instruction.PING, Instruction.READ, Instruction.SYNC_READ)


class DxlArm:
    """Implements ``WiredArm`` for Dynamixels."""

    def __init__(self, scene: Scene, actuators: Sequence[str], mountings: Sequence[int], models: Sequence[str]) -> None:
        """``models``: names among ``MODELS``, one per servo."""
        self.joints = ServoJoints(scene, tuple(actuators))
        pairs = enumerate(zip(models, mountings, strict=True))
        self.servos = [Servo(at + 1, MODELS[name], steps, partial(self._sense, at)) for at, (name, steps) in pairs]
        self._bus = Bus(self.servos)
        self._powered = True
        self._overloaded_s = np.zeros(len(self.servos))
        self._until_look_s = 0.0
        self._period_s = float(scene.model.opt.timestep)
        self.take_over()

    def receive(self, buffer: bytearray, baud: int, line: Line, now_s: float) -> None:
        """Carry out the requests in ``buffer`` and put the answers on the line."""
        for request in split(buffer) if self._powered else ():
            for reply in self._bus.handle(request, baud):
                line.put(reply.data, now_s + reply.delay_s)
            if request.instruction not in QUIET:
                self.take_over()

    def power(self, on: bool) -> None:
        """Switch the supply of all servos. After it comes back, all torques are off."""
        self._powered = on
        for servo in self.servos:
            servo.power_on()
        self.take_over()

    def hold(self) -> None:
        """Torque on, as another program has left it."""
        for servo in self.servos:
            servo.put(Register.TORQUE_ENABLE, 1, 1)
        self.take_over()

    def step(self) -> None:
        """One step of physics."""
        self.joints.step()
        self._until_look_s -= self._period_s
        if self._until_look_s <= 0.0:
            self._until_look_s = PROTECTION_PERIOD_S
            self._protect()

    def settle(self) -> None:
        """The arm has been put somewhere by hand: that is now the goal of every servo."""
        self.joints.rest()
        for servo in self.servos:
            servo.refresh()
            servo.put(Register.GOAL_POSITION, 4, servo.get(Register.PRESENT_POSITION, 4, signed=True))

    def set_register(self, servo: int, name: str, size: int, value: int) -> None:
        """What a tool for servos would do. Raises KeyError for an unknown register."""
        self.servos[servo].put(Register[name], size, value)
        self.take_over()

    def set_status(self, servo: int, name: str, on: bool) -> None:
        """Let a servo report trouble, or no more. Raises KeyError for an unknown one."""
        one = self.servos[servo]
        error = one.table[Register.HARDWARE_ERROR]
        one.put(Register.HARDWARE_ERROR, 1, error | HardwareError[name] if on else error & ~HardwareError[name])

    def take_over(self) -> None:
        """Let the physics do what the registers say."""
        joints = self.joints
        for index, servo in enumerate(self.servos):
            on = servo.table[Register.TORQUE_ENABLE] == 1 and servo.table[Register.OPERATING_MODE] in POSITION_MODES
            joints.enabled[index] = on and self._powered
            goal = servo.get(Register.GOAL_POSITION, 4, signed=True)
            if servo.table[Register.OPERATING_MODE] == 3:
                goal = min(max(goal, servo.get(Register.MIN_POSITION, 4)), servo.get(Register.MAX_POSITION, 4))
            offset = servo.get(Register.HOMING_OFFSET, 4, signed=True)
            joints.goal_rad[index] = (goal - offset - MIDDLE - servo.mounting_steps) * STEP_RAD
            speed = servo.get(Register.PROFILE_VELOCITY, 4) * RPM_PER_COUNT * RPM_RAD_S
            joints.speed_rad_s[index] = speed or UNLIMITED
            acceleration = servo.get(Register.PROFILE_ACCELERATION, 4) * RPM_PER_MIN_PER_COUNT * RPM_RAD_S / 60.0
            joints.acceleration_rad_s2[index] = acceleration or UNLIMITED
            joints.gain_share[index] = servo.get(Register.POSITION_P, 2) / servo.model.position_p
            joints.torque_share[index] = self._torque_share(servo)
        joints.refresh()

    def _torque_share(self, servo: Servo) -> float:
        share = servo.get(Register.GOAL_PWM, 2) / FULL_PWM
        if servo.table[Register.OPERATING_MODE] == 5 and servo.model.current_limit:
            share = min(share, servo.get(Register.GOAL_CURRENT, 2, signed=True) / servo.model.current_limit)
        return max(0.0, min(1.0, share))

    def _sense(self, index: int) -> Sensed:
        joints = self.joints
        speed = float(joints.velocity_rad_s[index]) / STEP_RAD
        return Sensed(
            float(joints.position_rad[index]) / STEP_RAD, speed, float(joints.load[index]),
            float(joints.current_a[index]), joints.voltage_v, float(joints.temperature_c[index]),
            abs(speed) > MOVING_STEPS_S,
        )  # fmt: skip

    def _protect(self) -> None:
        """Overload and heat, as each servo watches them for itself; what it says in SHUTDOWN switches it off."""
        joints, changed = self.joints, False
        over = np.abs(joints.load) > OVERLOAD_SHARE
        self._overloaded_s = np.where(over, self._overloaded_s + PROTECTION_PERIOD_S, 0.0)
        for index, servo in enumerate(self.servos):
            table = servo.table
            if self._overloaded_s[index] > OVERLOAD_S:
                table[Register.HARDWARE_ERROR] |= HardwareError.OVERLOAD
            if joints.temperature_c[index] > table[Register.TEMPERATURE_LIMIT]:
                table[Register.HARDWARE_ERROR] |= HardwareError.OVERHEATING
            if table[Register.HARDWARE_ERROR] & table[Register.SHUTDOWN] and table[Register.TORQUE_ENABLE]:
                table[Register.TORQUE_ENABLE] = 0
                changed = True
        if changed:
            self.take_over()
