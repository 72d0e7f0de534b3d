"""What the gripper's registers mean and do, whoever writes them."""

from __future__ import annotations

from enum import IntEnum

from sim.wire.fingers import Fingers

SPEED_M_S = (0.020, 0.150)  # of both fingers together, at speed 0 and 255
FORCE_N = (20.0, 235.0)
OPEN_COUNT, CLOSED_COUNT = 3, 230  # what a real one reports at its ends
ACTIVATION_S = 1.0
STILL_M_S = 0.002
NEAR_COUNTS = 2
STALLED_S = 0.1
WRITABLE = ("ACT", "GTO", "ATR", "ARD", "FOR", "SPE", "POS")
NOT_ACTIVATED = 7


class Status(IntEnum):
    """STA."""

    RESET = 0
    ACTIVATING = 1
    ACTIVE = 3


class Object(IntEnum):
    """OBJ: what has come of the last motion."""

    MOVING = 0
    WHILE_OPENING = 1
    WHILE_CLOSING = 2
    AT_TARGET = 3


class Gripper:
    """Registers by the names of the URCap: writable ones are set with :meth:`write`, all are read with :meth:`read`."""

    def __init__(self, fingers: Fingers) -> None:
        self._fingers = fingers
        self._written = dict.fromkeys(WRITABLE, 0)
        self._activation_s = 0.0
        self._stalled_s = 0.0
        self._object = Object.MOVING

    def write(self, values: dict[str, int]) -> None:
        """Set registers; each value is one byte."""
        self._written |= values
        if not self._written["ACT"]:
            self._activation_s = 0.0
            self._written["GTO"] = 0
            self._fingers.hold()
        elif self.status is Status.ACTIVE and self._written["GTO"]:
            opening = (CLOSED_COUNT - self._written["POS"]) / (CLOSED_COUNT - OPEN_COUNT)
            speed_m_s, force_n = self._share_of(SPEED_M_S, "SPE"), self._share_of(FORCE_N, "FOR")
            self._fingers.go(min(max(opening, 0.0), 1.0), speed_m_s, force_n)
            self._stalled_s, self._object = 0.0, Object.MOVING
        elif self._object is Object.MOVING:
            self._fingers.hold()

    def read(self, name: str) -> int | None:
        """A register's value, or None for a name that there is not."""
        measured = {
            "STA": self.status, "PRE": self._written["POS"], "OBJ": self._object, "POS": self.position,
            "FLT": 0 if self.status is Status.ACTIVE else NOT_ACTIVATED, "COU": self.current,
        }  # fmt: skip
        value = measured.get(name, self._written.get(name))
        return None if value is None else int(value)

    @property
    def status(self) -> Status:
        """STA."""
        if not self._written["ACT"]:
            return Status.RESET
        return Status.ACTIVE if self._activation_s >= ACTIVATION_S else Status.ACTIVATING

    @property
    def position(self) -> int:
        """Where the fingers are, in counts."""
        counts = CLOSED_COUNT - self._fingers.opening * (CLOSED_COUNT - OPEN_COUNT)
        return min(255, max(0, round(counts)))

    @property
    def current(self) -> int:
        """Of the motor [10 mA], taken to follow its force."""
        return min(255, round(abs(self._fingers.force_n) / 2.0))

    def step(self, period_s: float) -> None:
        """Time passes."""
        if self._written["ACT"]:
            self._activation_s += period_s
        self._fingers.step(period_s)
        still = abs(self._fingers.speed_m_s) < STILL_M_S
        self._stalled_s = self._stalled_s + period_s if still else 0.0
        if self._written["GTO"] and self._stalled_s >= STALLED_S:
            self._object = self._outcome()

    def _outcome(self) -> Object:
        missing = self.target - self.position
        if abs(missing) <= NEAR_COUNTS:
            return Object.AT_TARGET
        return Object.WHILE_CLOSING if missing > 0 else Object.WHILE_OPENING

    @property
    def target(self) -> int:
        """Where the fingers can go at most of what was asked."""
        return min(max(self._written["POS"], OPEN_COUNT), CLOSED_COUNT)

    def _share_of(self, ends: tuple[float, float], name: str) -> float:
        """What a register of one byte means, in the unit of the ``ends`` of its range."""
        return ends[0] + self._written[name] / 255 * (ends[1] - ends[0])
