"""The control table of one virtual Dynamixel of the X series."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import NamedTuple

from sim.wire.servo_table import MIDDLE, STEPS, Drive, Sensed, ServoTable

SIZE = 147
EEPROM_END = 64  # below: kept when power goes, and refused while the torque is on
BAUDS = (9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
ARM_BAUD = 3  # 1 Mbit/s, as arms are set up; from the factory it is 57600
RPM_PER_COUNT = 0.229
RPM_PER_MIN_PER_COUNT = 214.577
RPM_RAD_S = math.tau / 60.0
POSITION, EXTENDED_POSITION, CURRENT_BASED = 3, 4, 5  # modes of OPERATING_MODE that go to a position
FULL_PWM = 885
OVERLOAD_SHARE, OVERLOAD_S = 0.8, 2.0


class Register(IntEnum):
    """Addresses; words are little-endian, in two's complement where they have a sign."""

    MODEL = 0
    FIRMWARE = 6
    ID = 7
    BAUD = 8
    RETURN_DELAY = 9
    DRIVE_MODE = 10
    OPERATING_MODE = 11
    HOMING_OFFSET = 20
    TEMPERATURE_LIMIT = 31
    MAX_VOLTAGE = 32
    MIN_VOLTAGE = 34
    PWM_LIMIT = 36
    CURRENT_LIMIT = 38
    MAX_POSITION = 48
    MIN_POSITION = 52
    SHUTDOWN = 63
    TORQUE_ENABLE = 64
    STATUS_RETURN = 68
    REGISTERED = 69
    HARDWARE_ERROR = 70
    POSITION_D = 80
    POSITION_I = 82
    POSITION_P = 84
    GOAL_PWM = 100
    GOAL_CURRENT = 102
    PROFILE_ACCELERATION = 108
    PROFILE_VELOCITY = 112
    GOAL_POSITION = 116
    MOVING = 122
    PRESENT_CURRENT = 126
    PRESENT_VELOCITY = 128
    PRESENT_POSITION = 132
    VOLTAGE = 144
    TEMPERATURE = 146


class Model(NamedTuple):
    """What tells one servo of the series from another."""

    number: int
    current_unit: float  # of PRESENT_CURRENT: A, or a share of stall torque where the servo measures load
    measures_current: bool
    current_limit: int
    position_p: int
    temperature_c: int
    volts: tuple[int, int]  # limits [0.1 V]


MODELS = {
    "xl330-m077": Model(1190, 0.001, True, 1750, 400, 70, (35, 70)),
    "xl330-m288": Model(1200, 0.001, True, 1750, 400, 70, (35, 70)),
    "xl430-w250": Model(1060, 0.001, False, 0, 800, 72, (65, 120)),
    "xm430-w350": Model(1020, 0.00269, True, 1193, 800, 80, (95, 160)),
}


class HardwareError(IntFlag):
    """Bits of HARDWARE_ERROR; while one is set, every answer carries the alert bit."""

    VOLTAGE = 1
    OVERHEATING = 4
    ENCODER = 8
    SHOCK = 16
    OVERLOAD = 32


ALERT = 0x80
RANGE_ERROR, ACCESS_ERROR = 4, 7
READ_ONLY = (*range(7), *range(69, 71), *range(120, SIZE))


class Servo(ServoTable):
    """One Dynamixel."""

    registers = Register
    bauds = BAUDS
    position_size = 4

    def __init__(self, servo_id: int, model: Model, mounting_steps: int, sense: Callable[[], Sensed]) -> None:
        super().__init__(SIZE, mounting_steps, sense)
        self.model = model
        for register, size, value in (
            (Register.MODEL, 2, model.number), (Register.FIRMWARE, 1, 46), (Register.ID, 1, servo_id),
            (Register.BAUD, 1, ARM_BAUD), (Register.RETURN_DELAY, 1, 250), (Register.OPERATING_MODE, 1, POSITION),
            (Register.TEMPERATURE_LIMIT, 1, model.temperature_c), (Register.MIN_VOLTAGE, 2, model.volts[0]),
            (Register.MAX_VOLTAGE, 2, model.volts[1]), (Register.PWM_LIMIT, 2, FULL_PWM),
            (Register.CURRENT_LIMIT, 2, model.current_limit), (Register.MAX_POSITION, 4, STEPS - 1),
            (Register.SHUTDOWN, 1, 52),
        ):  # fmt: skip
            self.put(register, size, value)
        self.power_on()

    @property
    def alert(self) -> int:
        """The alert bit of its answers."""
        return ALERT if self.table[Register.HARDWARE_ERROR] else 0

    def power_on(self) -> None:
        """RAM as it is after power came: torque off, goal where the joint is, no error."""
        self.table[EEPROM_END:] = bytes(SIZE - EEPROM_END)
        self.put(Register.STATUS_RETURN, 1, 2)
        self.put(Register.POSITION_P, 2, self.model.position_p)
        self.put(Register.GOAL_PWM, 2, self.get(Register.PWM_LIMIT, 2))
        self.put(Register.GOAL_CURRENT, 2, self.get(Register.CURRENT_LIMIT, 2))
        self.settle()

    def refresh(self) -> None:
        """Let the table say what the physics says now."""
        sensed, model = self._sense(), self.model
        position = MIDDLE + self.mounting_steps + sensed.steps + self.get(Register.HOMING_OFFSET, 4, signed=True)
        velocity = round(sensed.steps_per_s * 60 / STEPS / RPM_PER_COUNT)
        felt = sensed.load if not model.measures_current else _sign(sensed.load) * sensed.current_a
        self.put(Register.PRESENT_POSITION, 4, round(position))
        self.put(Register.PRESENT_VELOCITY, 4, velocity)
        self.put(Register.PRESENT_CURRENT, 2, round(felt / model.current_unit))
        self.put(Register.VOLTAGE, 2, round(sensed.voltage_v * 10))
        self.put(Register.TEMPERATURE, 1, round(sensed.temperature_c))
        self.put(Register.MOVING, 1, sensed.moving)

    def read(self, address: int, size: int) -> bytes | None:
        """Registers as they are now; None beyond the table."""
        self.refresh()
        return bytes(self.table[address : address + size]) if address + size <= SIZE else None

    def write(self, address: int, data: bytes) -> int:
        """Store what may be written, and return the error code."""
        if address + len(data) > SIZE:
            return RANGE_ERROR
        span = range(address, address + len(data))
        if any(at in READ_ONLY for at in span) or (self.table[Register.TORQUE_ENABLE] and address < EEPROM_END):
            return ACCESS_ERROR
        if address == Register.TORQUE_ENABLE and data[0] and self.table[Register.HARDWARE_ERROR]:
            return ACCESS_ERROR
        self.table[address : address + len(data)] = data
        return 0

    def drive(self) -> Drive:
        """What the registers ask of the motor."""
        mode, goal = self.table[Register.OPERATING_MODE], self.get(Register.GOAL_POSITION, 4, signed=True)
        if mode == POSITION:
            goal = min(max(goal, self.get(Register.MIN_POSITION, 4)), self.get(Register.MAX_POSITION, 4))
        return Drive(
            enabled=self.table[Register.TORQUE_ENABLE] == 1 and mode in (POSITION, EXTENDED_POSITION, CURRENT_BASED),
            goal_steps=goal - self.get(Register.HOMING_OFFSET, 4, signed=True) - MIDDLE,
            speed_rad_s=self.get(Register.PROFILE_VELOCITY, 4) * RPM_PER_COUNT * RPM_RAD_S,
            acceleration_rad_s2=self.get(Register.PROFILE_ACCELERATION, 4) * RPM_PER_MIN_PER_COUNT * RPM_RAD_S / 60.0,
            gain_share=self.get(Register.POSITION_P, 2) / self.model.position_p,
            torque_share=self._torque_share(),
        )

    def protect(self, load: float, temperature_c: float, voltage_v: float, period_s: float) -> bool:
        """Overload and heat; what SHUTDOWN says switches it off."""
        table = self.table
        if self.overloaded(load, OVERLOAD_SHARE, OVERLOAD_S, period_s):
            table[Register.HARDWARE_ERROR] |= HardwareError.OVERLOAD
        if temperature_c > table[Register.TEMPERATURE_LIMIT]:
            table[Register.HARDWARE_ERROR] |= HardwareError.OVERHEATING
        shuts_down = bool(table[Register.HARDWARE_ERROR] & table[Register.SHUTDOWN] and table[Register.TORQUE_ENABLE])
        if shuts_down:
            table[Register.TORQUE_ENABLE] = 0
        return shuts_down

    def report(self, name: str, on: bool) -> None:
        """Set a hardware error, or take it back. Raises KeyError for an unknown one."""
        error = self.table[Register.HARDWARE_ERROR]
        self.put(Register.HARDWARE_ERROR, 1, error | HardwareError[name] if on else error & ~HardwareError[name])

    def _torque_share(self) -> float:
        share = self.get(Register.GOAL_PWM, 2) / FULL_PWM
        if self.table[Register.OPERATING_MODE] == CURRENT_BASED and self.model.current_limit:
            share = min(share, self.get(Register.GOAL_CURRENT, 2, signed=True) / self.model.current_limit)
        return max(0.0, min(1.0, share))


def _sign(value: float) -> float:
    """The sign of a number, as one."""
    return (value > 0) - (value < 0)
