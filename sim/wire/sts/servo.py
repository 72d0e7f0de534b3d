"""The register table of one virtual STS3215: what may be written, what is kept, and what follows the physics."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, IntFlag

from sim.wire.servo_table import MIDDLE, STEP_RAD, STEPS, Drive, Sensed, ServoTable

SIZE = 128
EEPROM_END = 40  # registers below are kept when power goes, and written only while the lock is open
MODEL = 777
BAUDS = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
POSITION_MODE = 0
MODEL_P = 16  # value of the P register at which a servo is as stiff as the model says
ACCELERATION_STEPS_S2 = 100  # for each count of the register
TORQUE_MIDDLE = 128  # written to TORQUE_ENABLE: what is the present position becomes the middle


class Register(IntEnum):
    """Addresses; words are little-endian."""

    FIRMWARE = 0
    MODEL = 3
    ID = 5
    BAUD = 6
    RETURN_DELAY = 7
    RESPONSE_LEVEL = 8
    MIN_ANGLE = 9
    MAX_ANGLE = 11
    MAX_TEMPERATURE = 13
    MAX_VOLTAGE = 14
    MIN_VOLTAGE = 15
    MAX_TORQUE = 16
    PHASE = 18
    UNLOAD_MASK = 19
    P = 21
    D = 22
    I = 23  # noqa: E741
    PROTECTION_CURRENT = 28
    OFFSET = 31
    MODE = 33
    PROTECT_TORQUE = 34
    PROTECT_TIME = 35
    OVERLOAD_TORQUE = 36
    TORQUE_ENABLE = 40
    ACCELERATION = 41
    GOAL_POSITION = 42
    GOAL_SPEED = 46
    TORQUE_LIMIT = 48
    LOCK = 55
    PRESENT_POSITION = 56
    PRESENT_SPEED = 58
    PRESENT_LOAD = 60
    VOLTAGE = 62
    TEMPERATURE = 63
    REGISTERED = 64
    STATUS = 65
    MOVING = 66
    CURRENT = 69
    GOAL_POSITION_2 = 71


class Status(IntFlag):
    """Bits of STATUS, and of the error byte of every answer."""

    VOLTAGE = 1
    SENSOR = 2
    TEMPERATURE = 4
    CURRENT = 8
    ANGLE = 16
    OVERLOAD = 32


DEFAULTS: tuple[tuple[Register, int, int], ...] = (
    (Register.FIRMWARE, 1, 3), (Register.MODEL, 2, MODEL), (Register.RETURN_DELAY, 1, 250),
    (Register.RESPONSE_LEVEL, 1, 1), (Register.MAX_ANGLE, 2, STEPS - 1), (Register.MAX_TEMPERATURE, 1, 70),
    (Register.MAX_VOLTAGE, 1, 140), (Register.MIN_VOLTAGE, 1, 40), (Register.MAX_TORQUE, 2, 1000),
    (Register.PHASE, 1, 12), (Register.UNLOAD_MASK, 1, 44), (Register.P, 1, 32), (Register.D, 1, 32),
    (Register.PROTECTION_CURRENT, 2, 500), (Register.PROTECT_TORQUE, 1, 20), (Register.PROTECT_TIME, 1, 200),
    (Register.OVERLOAD_TORQUE, 1, 80), (Register.LOCK, 1, 1),
)  # fmt: skip
FIRMWARE_MINOR = 10
READ_ONLY = (*range(5), *range(Register.PRESENT_POSITION, 80))


class Servo(ServoTable):
    """One STS3215."""

    registers = Register
    bauds = BAUDS
    position_size = 2

    def __init__(self, servo_id: int, mounting_steps: int, sense: Callable[[], Sensed]) -> None:
        super().__init__(SIZE, mounting_steps, sense)
        self._kept = b""  # what the EEPROM holds for the next power-on
        self.status = Status(0)
        for register, size, value in DEFAULTS:
            self.put(register, size, value)
        self.table[1] = FIRMWARE_MINOR
        self.table[Register.ID] = servo_id
        self._kept = bytes(self.table[:EEPROM_END])
        self.power_on()

    def power_on(self) -> None:
        """What EEPROM holds becomes true, and the torque is off."""
        self.table[:EEPROM_END] = self._kept
        self.table[EEPROM_END:] = bytes(SIZE - EEPROM_END)
        self.put(Register.TORQUE_LIMIT, 2, self.get(Register.MAX_TORQUE))
        self.put(Register.LOCK, 1, 1)
        self.status = Status(0)
        self.settle()

    def refresh(self) -> None:
        """Let the registers say what the physics says now."""
        sensed = self._sense()
        encoder = MIDDLE + self.mounting_steps + sensed.steps - signed(self.get(Register.OFFSET), 11)
        self.put(Register.PRESENT_POSITION, 2, round(encoder) % STEPS)
        self.put(Register.PRESENT_SPEED, 2, magnitude(round(sensed.steps_per_s), 15))
        self.put(Register.PRESENT_LOAD, 2, magnitude(round(1000 * sensed.load), 10))
        self.put(Register.VOLTAGE, 1, round(sensed.voltage_v * 10))
        self.put(Register.TEMPERATURE, 1, round(sensed.temperature_c))
        self.put(Register.CURRENT, 2, round(sensed.current_a / 0.0065))
        self.put(Register.MOVING, 1, sensed.moving)
        self.put(Register.STATUS, 1, self.status.value)
        self.put(Register.GOAL_POSITION_2, 2, self.get(Register.GOAL_POSITION))

    def read(self, address: int, size: int) -> bytes:
        """Registers as they are now; beyond the table there is nothing but zeros."""
        self.refresh()
        return bytes(self.table[address : address + size]).ljust(size, b"\0")

    def write(self, address: int, data: bytes) -> int:
        """Store what may be written, without an error. EEPROM keeps it only while the lock is open."""
        for at, value in enumerate(data, address):
            if at < SIZE and at not in READ_ONLY:
                self.table[at] = value
                if at < EEPROM_END and not self.table[Register.LOCK]:
                    self._kept = self._kept[:at] + bytes([value]) + self._kept[at + 1 :]
        if address <= Register.TORQUE_ENABLE < address + len(data):
            self.status &= ~Status.OVERLOAD  # it tries again
            if self.table[Register.TORQUE_ENABLE] == TORQUE_MIDDLE:
                self._call_this_the_middle()
        return 0

    def drive(self) -> Drive:
        """What the registers ask of the motor."""
        goal = signed(self.get(Register.GOAL_POSITION), 15)
        low, high = self.get(Register.MIN_ANGLE), self.get(Register.MAX_ANGLE)
        if low or high:
            goal = min(max(goal, low), high)
        return Drive(
            enabled=self.table[Register.TORQUE_ENABLE] == 1 and self.table[Register.MODE] == POSITION_MODE,
            goal_steps=goal + signed(self.get(Register.OFFSET), 11) - MIDDLE,
            speed_rad_s=abs(signed(self.get(Register.GOAL_SPEED), 15)) * STEP_RAD,
            acceleration_rad_s2=self.table[Register.ACCELERATION] * ACCELERATION_STEPS_S2 * STEP_RAD,
            gain_share=self.table[Register.P] / MODEL_P,
            torque_share=self._torque_share(),
        )

    def protect(self, load: float, temperature_c: float, voltage_v: float, period_s: float) -> bool:
        """Overload, heat and voltage, as the registers say."""
        before, table = self.status, self.table
        if self.overloaded(load, table[Register.OVERLOAD_TORQUE] / 100, table[Register.PROTECT_TIME] * 0.01, period_s):
            self.status |= Status.OVERLOAD
        if temperature_c > table[Register.MAX_TEMPERATURE]:
            self.status |= Status.TEMPERATURE
            table[Register.TORQUE_ENABLE] = 0
        bad_voltage = not table[Register.MIN_VOLTAGE] <= voltage_v * 10 <= table[Register.MAX_VOLTAGE]
        self.report("VOLTAGE", bad_voltage)
        return self.status != before

    def report(self, name: str, on: bool) -> None:
        """Set a bit of the status, or take it back. Raises KeyError for an unknown one."""
        self.status = self.status | Status[name] if on else self.status & ~Status[name]

    def _torque_share(self) -> float:
        share = self.get(Register.TORQUE_LIMIT) / 1000
        return min(share, self.table[Register.PROTECT_TORQUE] / 100) if Status.OVERLOAD in self.status else share

    def _call_this_the_middle(self) -> None:
        self.refresh()
        actual = self.get(Register.PRESENT_POSITION) + signed(self.get(Register.OFFSET), 11)
        self.put(Register.OFFSET, 2, magnitude(_wrapped(actual - MIDDLE), 11))
        self.put(Register.TORQUE_ENABLE, 1, 0)


def _wrapped(steps: int) -> int:
    return (steps + STEPS // 2) % STEPS - STEPS // 2


def signed(value: int, bit: int) -> int:
    """A number whose sign is in ``bit``, as the servo writes it."""
    size = value & ((1 << bit) - 1)
    return -size if value & 1 << bit else size


def magnitude(value: int, bit: int) -> int:
    """The other way round; what does not fit is cut to the largest that does."""
    size = min(abs(value), (1 << bit) - 1)
    return size | (1 << bit if value < 0 else 0)
