"""The register table of one virtual STS3215: what may be written, what is kept, and what follows the physics."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import NamedTuple

SIZE = 128
EEPROM_END = 40  # registers below are kept when power goes, and written only while the lock is open
STEPS = 4096  # per turn
MIDDLE = 2048
MODEL = 777
BAUDS = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
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


class Sensed(NamedTuple):
    """What the physics says of one servo, in steps from the middle of its own encoder and SI units."""

    steps: float
    steps_per_s: float
    load: float  # share of stall torque, -1..1
    current_a: float
    voltage_v: float
    temperature_c: float
    moving: bool


class Servo:
    """One servo. ``mounting_steps`` is where its encoder stands when the joint is at zero."""

    def __init__(self, servo_id: int, mounting_steps: int, sense: Callable[[], Sensed]) -> None:
        self.table = bytearray(SIZE)
        self.mounting_steps = mounting_steps
        self._sense = sense
        self._kept = b""  # what the EEPROM holds for the next power-on
        self._registered: tuple[int, bytes] | None = None
        self.status = Status(0)
        for register, size, value in DEFAULTS:
            self.put(register, size, value)
        self.table[1] = FIRMWARE_MINOR
        self.table[Register.ID] = servo_id
        self._kept = bytes(self.table[:EEPROM_END])
        self.power_on()

    @property
    def servo_id(self) -> int:
        """As the bus knows it."""
        return self.table[Register.ID]

    @property
    def baud(self) -> int:
        """Bits per second that the servo listens at; zero for a code it does not know."""
        code = self.table[Register.BAUD]
        return BAUDS[code] if code < len(BAUDS) else 0

    def get(self, register: int, size: int = 2) -> int:
        """Unsigned little-endian value."""
        return int.from_bytes(self.table[register : register + size], "little")

    def put(self, register: int, size: int, value: int) -> None:
        """Store an unsigned little-endian value, with no rule applied."""
        self.table[register : register + size] = value.to_bytes(size, "little")

    def power_on(self) -> None:
        """What EEPROM holds becomes true, and the torque is off."""
        self.table[:EEPROM_END] = self._kept
        self.table[EEPROM_END:] = bytes(SIZE - EEPROM_END)
        self.put(Register.TORQUE_LIMIT, 2, self.get(Register.MAX_TORQUE))
        self.put(Register.LOCK, 1, 1)
        self.status = Status(0)
        self.refresh()
        self.put(Register.GOAL_POSITION, 2, self.get(Register.PRESENT_POSITION))

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

    def write(self, address: int, data: bytes) -> None:
        """Store what may be written. EEPROM keeps it only while the lock is open."""
        for at, value in enumerate(data, address):
            if at < SIZE and at not in READ_ONLY:
                self.table[at] = value
                if at < EEPROM_END and not self.table[Register.LOCK]:
                    self._kept = self._kept[:at] + bytes([value]) + self._kept[at + 1 :]
        if address <= Register.TORQUE_ENABLE < address + len(data):
            self.status &= ~Status.OVERLOAD  # it tries again
            if self.table[Register.TORQUE_ENABLE] == TORQUE_MIDDLE:
                self._call_this_the_middle()

    def register(self, address: int, data: bytes) -> None:
        """Keep a write for ACTION."""
        self._registered = (address, data)
        self.table[Register.REGISTERED] = 1

    def act(self) -> None:
        """Carry out what was registered."""
        if self._registered is not None:
            self.write(*self._registered)
        self._registered, self.table[Register.REGISTERED] = None, 0

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
