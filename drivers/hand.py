"""What devices for a person's hand share: dead zones, an axis map, a clutch, events, a gripper that does not jump."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import numpy as np

from robolearn.actions import ACTION_NAMES, GRIPPER
from robolearn.config import Key
from robolearn.contracts import Float32, TeleopEvent, TeleopReading
from robolearn.errors import ConfigError, unknown

MOTIONS = tuple(name for name in ACTION_NAMES if name != ACTION_NAMES[GRIPPER])
HOLD_S = 0.15  # a hand that passes through the middle has not let go
GRIPPER_PER_S = 2.0  # of its range of 2: from open to closed in a second


class Deed(str, Enum):
    """What a button does."""

    CLUTCH = "clutch"  # the person drives only while it is held; where no button is one, whenever they move
    OPEN = "open"  # the gripper opens while it is held
    CLOSE = "close"
    SLOW = "slow"  # a quarter of the speed while it is held
    SUCCESS = "success"
    FAILURE = "failure"
    RERECORD = "rerecord"
    ABORT = "abort"


EVENTS = {deed: TeleopEvent(deed.value) for deed in (Deed.SUCCESS, Deed.FAILURE, Deed.RERECORD, Deed.ABORT)}
GRIPS = {Deed.OPEN: 1.0, Deed.CLOSE: -1.0}
SLOW = 0.25


@dataclass(frozen=True)
class HandConfig:
    """What axes and buttons of a device mean."""

    axes: Annotated[Mapping[str, str], Key("the device's axis for each motion, a minus before it turns it round")]
    dead_zone: Annotated[float, Key("share of an axis around its middle that means rest", low=0.0, high=0.9)]
    speed: Annotated[float, Key("share of full speed at full deflection", low=0.01, high=1.0)]
    buttons: Annotated[Mapping[str, Deed], Key("what each of the device's buttons does")]

    def __post_init__(self) -> None:
        """Raise ConfigError for a motion that there is not."""
        for motion in self.axes:
            if motion not in MOTIONS:
                raise ConfigError(unknown("motion", motion, MOTIONS))

    def check(self, axes: Collection[str], buttons: Collection[str]) -> None:
        """Raise ConfigError for an axis or button that the device has not."""
        for axis in self.axes.values():
            if axis.removeprefix("-") not in axes:
                raise ConfigError(unknown("axis", axis.removeprefix("-"), axes))
        for button in self.buttons:
            if button not in buttons:
                raise ConfigError(unknown("button", button, buttons))


class Hand:
    """Turns deflections and buttons into readings.

    After :meth:`begin` nothing moves before the device has been seen at rest, so that a stick that hangs, or a
    hand that rests on it, does not start the arm. The gripper goes on from where :meth:`keep_gripper` left it."""

    def __init__(self, config: HandConfig) -> None:
        self._config = config
        self._clutched = Deed.CLUTCH in config.buttons.values()
        self._deeds: set[Deed] = set()
        self._gripper = 0.0
        self.begin()

    def begin(self) -> None:
        """An episode starts: what was pressed before does not count."""
        self._events: deque[TeleopEvent] = deque()
        self.wait_for_rest()

    def wait_for_rest(self) -> None:
        """Nothing moves before the device has been seen at rest."""
        self._rested = False
        self._engaged_until_ns = 0
        self._last_ns: int | None = None

    def keep_gripper(self, value: float) -> None:
        """Somebody else drives, and commands the gripper to ``value`` in [-1, 1]: a takeover starts from there."""
        self._gripper = value

    def reading(self, now_ns: int, deflections: Mapping[str, float], pressed: Collection[str]) -> TeleopReading:
        """``deflections`` in [-1, 1] by axis; ``pressed`` buttons by name."""
        deeds = {deed for button, deed in self._config.buttons.items() if button in pressed}
        self._events.extend(EVENTS[deed] for deed in sorted(deeds - self._deeds) if deed in EVENTS)
        self._deeds = deeds
        action = self._motion(deflections, deeds)
        moves = bool(action.any()) or not deeds.isdisjoint(GRIPS)
        engaged = self._is_engaged(now_ns, moves, deeds)
        self._grip(now_ns, deeds if engaged else set())
        if engaged:
            action[GRIPPER] = self._gripper
        else:
            action[:] = 0.0
        event = self._events.popleft() if self._events else TeleopEvent.NONE
        return TeleopReading(now_ns, engaged, action, event)

    def _motion(self, deflections: Mapping[str, float], deeds: set[Deed]) -> Float32:
        action = np.zeros(len(ACTION_NAMES), np.float32)
        speed = self._config.speed * (SLOW if Deed.SLOW in deeds else 1.0)
        for motion, axis in self._config.axes.items():
            name = axis.removeprefix("-")
            sign = 1.0 if name == axis else -1.0
            action[ACTION_NAMES.index(motion)] = sign * speed * beyond(deflections[name], self._config.dead_zone)
        return action

    def _is_engaged(self, now_ns: int, moves: bool, deeds: set[Deed]) -> bool:
        self._rested = self._rested or not moves
        if not self._rested:
            return False
        if self._clutched:
            return Deed.CLUTCH in deeds
        if moves:
            self._engaged_until_ns = now_ns + round(HOLD_S * 1e9)
        return now_ns < self._engaged_until_ns

    def _grip(self, now_ns: int, deeds: set[Deed]) -> None:
        """Move the gripper's target for as long as has passed since the last reading, a tenth of a second at most."""
        passed_s = 0.0 if self._last_ns is None else min((now_ns - self._last_ns) * 1e-9, 0.1)
        self._last_ns = now_ns
        for deed in deeds & GRIPS.keys():
            self._gripper += GRIPS[deed] * GRIPPER_PER_S * passed_s
        self._gripper = min(max(self._gripper, -1.0), 1.0)


def beyond(deflection: float, dead_zone: float) -> float:
    """``deflection`` without its dead zone: 0 inside, and from there evenly up to 1. Bounded to [-1, 1]."""
    size = (min(abs(deflection), 1.0) - dead_zone) / (1.0 - dead_zone)
    return float(np.copysign(max(0.0, size), deflection))
