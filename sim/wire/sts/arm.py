"""STS servos on the joints of a scene: registers ask, physics answers, and the servos protect themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from sim.scene import Scene
from sim.wire.joints import UNLIMITED, ServoJoints
from sim.wire.line import Line
from sim.wire.sts.bus import Bus, Reply
from sim.wire.sts.packets import Instruction, Request, split
from sim.wire.sts.servo import MIDDLE, STEPS, Register, Sensed, Servo, Status, signed

STEP_RAD = math.tau / STEPS
ACCELERATION_STEPS_S2 = 100  # for each count of the register
MODEL_P = 16  # value of the P register at which a servo is as stiff as the model says
PROTECTION_PERIOD_S = 0.01
MOVING_STEPS_S = 5.0
POSITION_MODE = 0


class StsArm:
    """Implements ``WiredArm`` for STS servos."""

    def __init__(self, scene: Scene, actuators: Sequence[str], mountings: Sequence[int]) -> None:
        """``mountings``: encoder steps from the middle at which each joint is at zero."""
        self.joints = ServoJoints(scene, tuple(actuators))
        pairs = enumerate(mountings)
        self.servos = [Servo(index + 1, mounting, partial(self._sense, index)) for index, mounting in pairs]
        self.bus = Bus(self.servos)
        self.powered = True
        self._overloaded_s = np.zeros(len(self.servos))
        self._next_look_s = 0.0
        self._now_s = 0.0
        self._period_s = float(scene.model.opt.timestep)
        self.take_over()

    def receive(self, buffer: bytearray, baud: int, line: Line, now_s: float) -> None:
        """Carry out the requests in ``buffer`` and put the answers on the line."""
        for request in split(buffer):
            for reply in self.handle(request, baud):
                line.put(reply.data, now_s + reply.delay_s)

    def handle(self, request: Request, baud: int) -> list[Reply]:
        """Answers to a request; none while the servos have no power."""
        if not self.powered:
            return []
        replies = self.bus.handle(request, baud)
        if request.instruction not in (Instruction.PING, Instruction.READ, Instruction.SYNC_READ):
            self.take_over()
        return replies

    def power(self, on: bool) -> None:
        """Switch the supply of all servos. After it comes back, all torques are off."""
        self.powered = on
        for servo in self.servos:
            servo.power_on()
        self.take_over()

    def hold(self) -> None:
        """Torque on, as another program has left it."""
        for servo in self.servos:
            servo.put(Register.TORQUE_ENABLE, 1, 1)
        self.take_over()

    def set_register(self, servo: int, name: str, size: int, value: int) -> None:
        """What a tool for servos would do. Raises KeyError for an unknown register."""
        self.servos[servo].put(Register[name], size, value)
        self.take_over()

    def set_status(self, servo: int, name: str, on: bool) -> None:
        """Let a servo report trouble, or no more. Raises KeyError for an unknown one."""
        one = self.servos[servo]
        one.status = one.status | Status[name] if on else one.status & ~Status[name]
        self.take_over()

    def step(self) -> None:
        """One step of physics."""
        self.joints.step()
        self._now_s += self._period_s
        if self._now_s >= self._next_look_s:
            self._next_look_s = self._now_s + PROTECTION_PERIOD_S
            self._protect()

    def settle(self) -> None:
        """The arm has been put somewhere by hand: that is now the goal of every servo."""
        self.joints.rest()
        for servo in self.servos:
            servo.refresh()
            servo.put(Register.GOAL_POSITION, 2, servo.get(Register.PRESENT_POSITION))

    def take_over(self) -> None:
        """Let the physics do what the registers say."""
        joints = self.joints
        for index, servo in enumerate(self.servos):
            on = servo.table[Register.TORQUE_ENABLE] == 1 and servo.table[Register.MODE] == POSITION_MODE
            joints.enabled[index] = on and self.powered
            joints.goal_rad[index] = self._goal_rad(servo)
            joints.speed_rad_s[index] = abs(signed(servo.get(Register.GOAL_SPEED), 15)) * STEP_RAD or UNLIMITED
            acceleration = servo.table[Register.ACCELERATION] * ACCELERATION_STEPS_S2 * STEP_RAD
            joints.acceleration_rad_s2[index] = acceleration or UNLIMITED
            joints.gain_share[index] = servo.table[Register.P] / MODEL_P
            joints.torque_share[index] = self._torque_share(servo)
        joints.refresh()

    def _goal_rad(self, servo: Servo) -> float:
        goal = signed(servo.get(Register.GOAL_POSITION), 15)
        low, high = servo.get(Register.MIN_ANGLE), servo.get(Register.MAX_ANGLE)
        if low or high:
            goal = min(max(goal, low), high)
        offset = signed(servo.get(Register.OFFSET), 11)
        return (goal + offset - MIDDLE - servo.mounting_steps) * STEP_RAD

    def _torque_share(self, servo: Servo) -> float:
        share = servo.get(Register.TORQUE_LIMIT) / 1000
        return min(share, servo.table[Register.PROTECT_TORQUE] / 100) if Status.OVERLOAD in servo.status else share

    def _sense(self, index: int) -> Sensed:
        joints = self.joints
        speed = float(joints.velocity_rad_s[index]) / STEP_RAD
        return Sensed(
            float(joints.position_rad[index]) / STEP_RAD, speed, float(joints.load[index]),
            float(joints.current_a[index]), joints.voltage_v, float(joints.temperature_c[index]),
            abs(speed) > MOVING_STEPS_S,
        )  # fmt: skip

    def _protect(self) -> None:
        """Overload, heat and voltage, as each servo watches them for itself."""
        joints, changed = self.joints, False
        load, voltage = np.abs(joints.load), joints.voltage_v * 10
        for index, servo in enumerate(self.servos):
            before, table = servo.status, servo.table
            over = load[index] * 100 > table[Register.OVERLOAD_TORQUE]
            self._overloaded_s[index] = self._overloaded_s[index] + PROTECTION_PERIOD_S if over else 0.0
            if self._overloaded_s[index] > table[Register.PROTECT_TIME] * 0.01:
                servo.status |= Status.OVERLOAD
                self._overloaded_s[index] = 0.0
            if joints.temperature_c[index] > table[Register.MAX_TEMPERATURE]:
                servo.status |= Status.TEMPERATURE
                table[Register.TORQUE_ENABLE] = 0
            bad_voltage = not table[Register.MIN_VOLTAGE] <= voltage <= table[Register.MAX_VOLTAGE]
            servo.status = servo.status | Status.VOLTAGE if bad_voltage else servo.status & ~Status.VOLTAGE
            changed |= servo.status != before
        if changed:
            self.take_over()
