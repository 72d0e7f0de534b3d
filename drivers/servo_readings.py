"""When a reading of a servo is believed.

A checksum of eight bits lets one bad answer in some thousands pass on a noisy line. So while the line has erred
lately, a reading counts only if a second one agrees with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NOISY_S = 2.0  # for so long after the last error, readings need a second one
TOGETHER_S = 0.03
AGREE_STEPS = 4.0
AGREE_STEPS_S = 64.0
AGREE_LOAD = 0.05


class ServoReading(NamedTuple):
    """One answer of a servo, in its own steps."""

    stamp_s: float  # monotonic, when it was asked for
    torque: bool  # on
    status: int
    goal_steps: int
    position_steps: int
    speed_steps_s: float
    load: float  # share of stall torque, -1..1
    voltage_v: float
    temperature_c: float
    current_a: float | None  # None: not measured

    def agrees(self, earlier: ServoReading) -> bool:
        """True if both can be true of one motion."""
        passed_s = self.stamp_s - earlier.stamp_s
        moved = 0.5 * (self.speed_steps_s + earlier.speed_steps_s) * passed_s
        return (
            (self.torque, self.status) == (earlier.torque, earlier.status)
            and abs(self.position_steps - earlier.position_steps - moved) <= AGREE_STEPS
            and abs(self.speed_steps_s - earlier.speed_steps_s) <= AGREE_STEPS_S
            and abs(self.load - earlier.load) <= AGREE_LOAD
        )


class Readings:
    """Newest believed reading of each servo, and the newest of all of them together.

    Readings of one arm belong together only if they were asked for at about the same time."""

    def __init__(self, servos: Sequence[int]) -> None:
        self.believed: dict[int, ServoReading] = {}
        self.together: Mapping[int, ServoReading] = {}  # empty before the first
        self._servos = frozenset(servos)
        self._heard: dict[int, ServoReading] = {}

    @property
    def stamp_s(self) -> float:
        """When the oldest of :attr:`together` was asked for."""
        return min((one.stamp_s for one in self.together.values()), default=-math.inf)

    def hear(self, servo: int, reading: ServoReading, noisy: bool) -> bool:
        """Take a reading in; True if it is believed."""
        earlier, self._heard[servo] = self._heard.get(servo), reading
        doubted = noisy and (earlier is None or not reading.agrees(earlier))
        if not doubted:
            self.believed[servo] = reading
            self._put_together()
        return not doubted

    def forget(self) -> None:
        """What was heard before the line was lost says nothing."""
        self.believed.clear()
        self.together = {}
        self._heard.clear()

    def _put_together(self) -> None:
        stamps = [one.stamp_s for one in self.believed.values()]
        if len(stamps) == len(self._servos) and max(stamps) - min(stamps) <= TOGETHER_S:
            self.together = dict(self.believed)
