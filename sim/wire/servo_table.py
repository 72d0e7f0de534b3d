"""The register table of a virtual servo, whatever it speaks: what it keeps, feels, and asks of its motor."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import ClassVar, NamedTuple

STEPS = 4096  # per turn
MIDDLE = 2048
STEP_RAD = math.tau / STEPS


class Sensed(NamedTuple):
    """What the physics says of one servo, in steps from the middle of its own encoder and SI units."""

    steps: float
    steps_per_s: float
    load: float  # share of stall torque, -1..1
    current_a: float
    voltage_v: float
    temperature_c: float
    moving: bool


class Drive(NamedTuple):
    """What the registers ask of the motor."""

    enabled: bool
    goal_steps: int  # from the middle of its encoder
    speed_rad_s: float  # of the profile; 0: as fast as it can
    acceleration_rad_s2: float  # likewise
    gain_share: float  # of the proportional gain at which it is as stiff as the model says
    torque_share: float  # of the stall torque


class ServoTable(ABC):
    """One servo. ``mounting_steps`` is where its encoder stands from its middle when the joint is at zero."""

    registers: ClassVar[type[IntEnum]]  # addresses by name; words are little-endian
    bauds: ClassVar[Sequence[int]]  # bits per second, by the code in BAUD
    position_size: ClassVar[int]  # bytes of GOAL_POSITION and PRESENT_POSITION

    def __init__(self, size: int, mounting_steps: int, sense: Callable[[], Sensed]) -> None:
        self.table = bytearray(size)
        self.mounting_steps = mounting_steps
        self.is_garbled = False  # its answers arrive wrong, as from a bad plug
        self.is_plugged = True  # it hears what is said on the bus
        self._sense = sense
        self._registered: tuple[int, bytes] | None = None
        self._overloaded_s = 0.0

    @property
    def servo_id(self) -> int:
        """As the bus knows it."""
        return self.table[self.registers["ID"]]

    @property
    def baud(self) -> int:
        """Bits per second that the servo listens at; zero for a code it does not know."""
        code = self.table[self.registers["BAUD"]]
        return self.bauds[code] if code < len(self.bauds) else 0

    @property
    def return_delay(self) -> int:
        """How long it waits before it answers, in counts of the register."""
        return self.table[self.registers["RETURN_DELAY"]]

    def get(self, register: int, size: int = 2, signed: bool = False) -> int:
        """Little-endian value, in two's complement if ``signed``."""
        return int.from_bytes(self.table[register : register + size], "little", signed=signed)

    def put(self, register: int, size: int, value: int) -> None:
        """Store a little-endian value, with no rule applied."""
        self.table[register : register + size] = value.to_bytes(size, "little", signed=value < 0)

    def settle(self) -> None:
        """Make where the joint is the goal."""
        self.refresh()
        goal, present = self.registers["GOAL_POSITION"], self.registers["PRESENT_POSITION"]
        self.put(goal, self.position_size, self.get(present, self.position_size))

    def register(self, address: int, data: bytes) -> None:
        """Keep a write for ACTION."""
        self._registered = (address, data)
        self.table[self.registers["REGISTERED"]] = 1

    def act(self) -> None:
        """Carry out what was registered."""
        if self._registered is not None:
            self.write(*self._registered)
        self._registered, self.table[self.registers["REGISTERED"]] = None, 0

    def overloaded(self, load: float, most: float, most_s: float, period_s: float) -> bool:
        """Watch the load, a share of stall torque, every ``period_s``: has it been above ``most`` for ``most_s``?"""
        self._overloaded_s = self._overloaded_s + period_s if load > most else 0.0
        if self._overloaded_s <= most_s:
            return False
        self._overloaded_s = 0.0
        return True

    @abstractmethod
    def power_on(self) -> None:
        """The table as it is after power came: what is kept is there, and the torque is off."""

    @abstractmethod
    def refresh(self) -> None:
        """Let the table say what the physics says now."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> int:
        """Store what may be written, and return the error code; 0 is none."""

    @abstractmethod
    def drive(self) -> Drive:
        """What the registers ask of the motor."""

    @abstractmethod
    def protect(self, load: float, temperature_c: float, voltage_v: float, period_s: float) -> bool:
        """Look after itself, every ``period_s``, under a load (share of stall torque); True if that changed it."""

    @abstractmethod
    def report(self, name: str, on: bool) -> None:
        """Report trouble, or no more. Raises KeyError for an unknown one."""
