"""Servos on a bus, as an arm uses them: the life of the port, and how the torque leaves an arm."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from drivers.keeper import Keeper, Kept
from drivers.servo_bus import ServoBus
from drivers.servo_readings import ServoReading

LET_DOWN_S, LET_DOWN_STEPS = 2.0, 20
NO_TORQUE = "torque off, as after a loss of power"


class TorqueRegisters(NamedTuple):
    """Where servos of a make keep what they may do."""

    enable: int  # address of one byte: 0 off, 1 on
    limit: int  # address of two bytes
    most: Mapping[int, int]  # what ``limit`` of each servo, by its id, holds at most


class Servos(ABC):
    """The servos of one arm; ids are those of their scales. Each call but ``close`` may raise LinkLost.

    Nobody answers to a goal: on a noisy line it may not arrive, or be another one that still passes a checksum of eight
    bits. So goals are read back with each reading, and sent again where a servo has another one or does not say."""

    is_held: ClassVar[bool] = True  # False: a person moves them by hand, and they have no torque
    passing: ClassVar[int]  # status bits that go when the torque is switched on anew

    def __init__(self, bus: ServoBus, torque: TorqueRegisters, kept: Kept) -> None:
        self._bus, self._ids, self._torque = bus, tuple(torque.most), torque
        self._keeper = Keeper(kept)
        self._goals_steps: dict[int, int] = {}  # that were sent

    @property
    def is_open(self) -> bool:
        """True between open and close or loss."""
        return self._bus.is_open

    @property
    def erred_s(self) -> float:
        """When something last went wrong on the line, on the monotonic clock."""
        return self._bus.erred_s

    @property
    def counts(self) -> Mapping[str, int]:
        """What the line has done."""
        return vars(self._bus.counts)

    def open(self) -> None:
        """Open the port and change nothing."""
        self.forget()
        self._bus.open()

    def close(self) -> None:
        """Release the port; may be called twice."""
        self.forget()
        self._bus.close()

    def ask(self, ids: Sequence[int]) -> Mapping[int, ServoReading]:
        """One question to some servos; those whose answer was missing or bad are not in it."""
        heard = self.look(ids)
        if self._keeper.has_acted:
            self.forget()
        told = {servo: self._goals_steps[servo] for servo in ids if servo in self._goals_steps}
        lacking = {servo: goal for servo, goal in told.items() if servo not in heard or _lacks(heard[servo], goal)}
        if lacking:
            self.tell(lacking)
        return heard

    def send(self, goals_steps: Mapping[int, int]) -> None:
        """New goals."""
        if self._keeper.has_acted:
            self.forget()
        self._goals_steps |= goals_steps
        self._keeper.watch(self._bus)
        self.tell(goals_steps)

    def forget(self) -> None:
        """Servos that were without power, or in other hands, are not to be told again what they were told before."""
        self._keeper.end()
        self._goals_steps.clear()

    def let_down(self) -> None:
        """Take the torque away little by little, so that a raised arm sinks, and then off."""
        self.forget()
        for step in range(LET_DOWN_STEPS, 0, -1):
            limits = {one: most * step // LET_DOWN_STEPS for one, most in self._torque.most.items()}
            self._bus.write_all({one: most.to_bytes(2, "little") for one, most in limits.items()}, self._torque.limit)
            time.sleep(LET_DOWN_S / LET_DOWN_STEPS)
        for servo in self._ids:
            self._bus.write(servo, self._torque.enable, 1, 0)

    def trouble(self, reading: ServoReading) -> Sequence[str]:
        """What ails a servo; empty if it is well."""
        return self.errors(reading.status) or ([] if reading.torque or not self.is_held else [NO_TORQUE])

    def lasting(self, reading: ServoReading) -> Sequence[str]:
        """What of that is not mended by torque that is switched on anew."""
        return self.errors(reading.status & ~self.passing)

    @abstractmethod
    def look_over(self) -> str:
        """Check that the right servos are there, and return their firmware. Raises DeviceError with the way out."""

    @abstractmethod
    def set_up(self) -> None:
        """Write the settings that differ; torque and goals stay."""

    @abstractmethod
    def hold(self) -> None:
        """Torque on where the arm is; a servo that holds already goes on holding."""

    @abstractmethod
    def look(self, ids: Sequence[int]) -> Mapping[int, ServoReading]:
        """The whole state of some servos, as far as they answer well."""

    @abstractmethod
    def tell(self, goals_steps: Mapping[int, int]) -> None:
        """Write goals to some servos at once."""

    @abstractmethod
    def errors(self, status: int) -> Sequence[str]:
        """What the status bits of a servo mean."""


def _lacks(reading: ServoReading, goal_steps: int) -> bool:
    """Has a servo another goal than it was told? One without torque was without power, and is told nothing."""
    return reading.torque and reading.goal_steps != goal_steps
