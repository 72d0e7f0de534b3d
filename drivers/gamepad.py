"""A gamepad or joystick, by evdev. Axes and buttons are named as the kernel names them: ABS_X, BTN_SOUTH, ..."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import evdev
from evdev import ecodes

from drivers.hand import HandConfig
from drivers.hand_device import Felt, HandDevice
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import Arm, Clock
from robolearn.errors import ConfigError, DeviceError, unknown

BY_ID = Path("/dev/input/by-id")
MOST_EVENTS = 4096
PEDALS = frozenset({"ABS_GAS", "ABS_BRAKE"})
RIGHT_STICK, SHOULDERS = frozenset({"ABS_RX", "ABS_RY"}), frozenset({"ABS_Z", "ABS_RZ"})


@dataclass(frozen=True)
class GamepadConfig(HandConfig):
    """A gamepad."""

    device: Annotated[str, Key("path that names this very gamepad, as in /dev/input/by-id")]
    triggers: Annotated[
        tuple[str, ...] | None, Key("axes that rest at their lower end; without it, as the kernel's drivers name them")
    ] = None

    def resting_low(self, axes: Collection[str]) -> Collection[str]:
        """Which of a gamepad's axes are triggers. Raises ConfigError for one that it has not.

        Never told by where an axis is: a stick may be held at its end while the gamepad is opened."""
        if self.triggers is None:
            return PEDALS | SHOULDERS if RIGHT_STICK.issubset(axes) else PEDALS
        for axis in self.triggers:
            if axis not in axes:
                raise ConfigError(unknown("axis", axis, axes))
        return self.triggers


@dataclass(frozen=True)
class Axis:
    """How an axis' counts become a deflection."""

    low: float
    high: float
    rest: float

    @staticmethod
    def of(info: evdev.AbsInfo, is_trigger: bool) -> Axis:
        """A stick rests in the middle of its range, a trigger at its lower end."""
        return Axis(info.min, info.max, info.min if is_trigger else (info.min + info.max) / 2)

    def deflection(self, count: float) -> float:
        """-1 .. 1 of a stick, 0 .. 1 of a trigger."""
        return (count - self.rest) / (self.high - self.rest)


class Gamepad(HandDevice[evdev.InputDevice[str]]):
    """One gamepad."""

    name = "gamepad"

    def __init__(self, config: GamepadConfig, clock: Clock) -> None:
        super().__init__(config, clock)
        self._config = config
        self._axes: dict[str, Axis] = {}
        self._counts: dict[str, float] = {}
        self._pressed: set[str] = set()

    def begin(self, seed: int) -> None:
        """An episode starts: what was pushed before it does not count."""
        if self._connected:
            self.read()
        self._hand.begin()
        if self._connected:
            self.read()

    def _open(self) -> evdev.InputDevice[str]:
        path = self._config.device
        try:
            device = evdev.InputDevice(path)
            infos = {_axis(code): device.absinfo(code) for code in _codes(device, ecodes.EV_ABS)}
            buttons = {name for code in _codes(device, ecodes.EV_KEY) for name in _names(code)}
            self._config.check(infos, buttons)
            low = self._config.resting_low(infos)
            self._axes = {name: Axis.of(info, name in low) for name, info in infos.items() if info.max > info.min}
            self._look(device)
            return device
        except OSError as error:
            here = ", ".join(sorted(str(one) for one in BY_ID.glob("*-event-joystick"))) or "no gamepad"
            raise DeviceError(
                f"gamepad: {path}: {error.strerror}. Plugged in, and allowed to this user (group input)? Here: {here}"
            ) from error

    def _look(self, device: evdev.InputDevice[str]) -> None:
        """Ask for the state of everything, as after events were lost."""
        self._counts = {name: device.absinfo(ecodes.ecodes[name]).value for name in self._axes}
        self._pressed = {name for code in device.active_keys() for name in _names(code)}

    def _feel(self, device: evdev.InputDevice[str]) -> Felt:
        try:
            self._drain(device)
        except OSError as error:
            raise self._gone() from error
        return Felt({name: axis.deflection(self._counts[name]) for name, axis in self._axes.items()}, self._pressed)

    def _drain(self, device: evdev.InputDevice[str]) -> None:
        """Take in all events that came."""
        for _ in range(MOST_EVENTS):
            event = device.read_one()
            if event is None:
                break
            if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                self._look(device)
            elif event.type == ecodes.EV_ABS and _axis(event.code) in self._axes:
                self._counts[_axis(event.code)] = event.value
            elif event.type == ecodes.EV_KEY:
                change = self._pressed.update if event.value else self._pressed.difference_update
                change(_names(event.code))


def _codes(device: evdev.InputDevice[str], kind: int) -> list[int]:
    codes = device.capabilities(absinfo=False).get(kind, [])
    return [code for code in codes if isinstance(code, int)]


def _axis(code: int) -> str:
    return str(ecodes.ABS.get(code, code))


def _names(code: int) -> tuple[str, ...]:
    """All names of a button: BTN_SOUTH is BTN_A, too."""
    names = ecodes.BTN.get(code, ecodes.KEY.get(code, ()))
    return (names,) if isinstance(names, str) else tuple(names)


def teleop(section: Section, cell: Cell, arm: Arm) -> Gamepad:
    """The gamepad that ``section`` names."""
    return Gamepad(section.read(GamepadConfig), cell.clock)
