"""Virtual servos on the joints of a scene: registers ask, physics answers, and the servos protect themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.wire.joints import UNLIMITED, ServoJoints
from sim.wire.line import Line
from sim.wire.servo_bus import Reply, ServoBus
from sim.wire.servo_packets import Instruction, Request, split
from sim.wire.servo_table import STEP_RAD, Sensed, ServoTable

PROTECTION_PERIOD_S = 0.01
MOVING_STEPS_S = 5.0
QUIET = (Instruction.PING, Instruction.READ, Instruction.SYNC_READ)  # they change nothing


class WiredArm:
    """An arm of servos as their wire sees it; called with the lock of the physics held."""

    def __init__(self, joints: ServoJoints, bus: ServoBus[Any]) -> None:
        """The servos of ``bus`` are on ``joints``, in the same order; each has been made with :func:`sense`."""
        self.joints, self.bus = joints, bus
        self.servos: Sequence[ServoTable] = bus.servos
        self.commands = 0  # writes to several servos at once, so far
        self._powered = True
        self._next_look_s = 0.0
        self._now_s = 0.0
        self.take_over()

    def receive(self, buffer: bytearray, baud: int, line: Line, now_s: float) -> None:
        """Carry out the requests in ``buffer``, and put the answers on the line."""
        for request in split(buffer, self.bus.framing):
            for reply in self.handle(request, baud):
                line.put(reply.data, now_s + reply.delay_s)

    def handle(self, request: Request, baud: int) -> list[Reply]:
        """Answers to a request; none while the servos have no power."""
        if not self._powered:
            return []
        replies = self.bus.handle(request, baud)
        self.commands += request.instruction == Instruction.SYNC_WRITE
        if request.instruction not in QUIET:
            self.take_over()
        return replies

    def power(self, on: bool) -> None:
        """Switch the supply of all servos. After it comes back, all torques are off."""
        self._powered = on
        for servo in self.servos:
            servo.power_on()
        self.take_over()

    def hold(self) -> None:
        """Torque on, as another program has left it."""
        for servo in self.servos:
            servo.put(servo.registers["TORQUE_ENABLE"], 1, 1)
        self.take_over()

    def settle(self) -> None:
        """The arm has been put somewhere by hand: that is now the goal of every servo."""
        self.joints.rest()
        for servo in self.servos:
            servo.settle()

    def set_register(self, servo: int, name: str, size: int, value: int) -> None:
        """What a tool for servos would do. Raises KeyError for an unknown register."""
        one = self.servos[servo]
        one.put(one.registers[name], size, value)
        self.take_over()

    def set_status(self, servo: int, name: str, on: bool) -> None:
        """Let a servo report trouble, or no more. Raises KeyError for an unknown one."""
        self.servos[servo].report(name, on)
        self.take_over()

    def garble(self, servo: int, on: bool) -> None:
        """Spoil the answers of one servo, or no more."""
        self.servos[servo].is_garbled = on

    def plug(self, servo: int, on: bool) -> None:
        """Take one servo off the bus, or put it back, without what it keeps only while it has power."""
        self.servos[servo].is_plugged = on
        self.servos[servo].power_on()
        self.take_over()

    def step(self) -> None:
        """One step of physics."""
        self.joints.step()
        self._now_s += self.joints.period_s
        if self._now_s >= self._next_look_s:
            self._next_look_s = self._now_s + PROTECTION_PERIOD_S
            self._protect()

    def take_over(self) -> None:
        """Let the physics do what the registers say."""
        joints = self.joints
        for index, servo in enumerate(self.servos):
            drive = servo.drive()
            joints.enabled[index] = drive.enabled and self._powered
            joints.goal_rad[index] = (drive.goal_steps - servo.mounting_steps) * STEP_RAD
            joints.speed_rad_s[index] = drive.speed_rad_s or UNLIMITED
            joints.acceleration_rad_s2[index] = drive.acceleration_rad_s2 or UNLIMITED
            joints.gain_share[index] = drive.gain_share
            joints.torque_share[index] = drive.torque_share
        joints.refresh()

    def _protect(self) -> None:
        """Overload, heat and voltage, as each servo watches them for itself."""
        self.joints.warm(PROTECTION_PERIOD_S)
        load, heat_c, voltage_v = np.abs(self.joints.load), self.joints.temperature_c, self.joints.voltage_v
        changed = [
            servo.protect(load[index], heat_c[index], voltage_v, PROTECTION_PERIOD_S)
            for index, servo in enumerate(self.servos)
        ]
        if any(changed):
            self.take_over()


def sense(joints: ServoJoints, index: int) -> Sensed:
    """What the servo on one of the joints feels now."""
    speed = float(joints.velocity_rad_s[index]) / STEP_RAD
    return Sensed(
        float(joints.position_rad[index]) / STEP_RAD, speed, float(joints.load[index]),
        float(joints.current_a[index]), joints.voltage_v, float(joints.temperature_c[index]),
        abs(speed) > MOVING_STEPS_S,
    )  # fmt: skip
