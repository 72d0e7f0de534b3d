"""A gamepad or joystick, by evdev. Axes and buttons are named as the kernel names them: ABS_X, BTN_SOUTH, ..."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import evdev
from evdev import ecodes

from drivers.hand import Hand, HandConfig
from drivers.keyboard import ACTION_NAMES
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import Arm, Clock, TeleopReading
from robolearn.errors import DeviceError

BY_ID = Path("/dev/input/by-id")
MOST_EVENTS = 4096
NEAR_END = 0.1  # share of its range: an axis that rests so near its lower end is a trigger


@dataclass(frozen=True)
class GamepadConfig(HandConfig):
    """A gamepad."""

    device: Annotated[str, Key("path that names this very gamepad, as in /dev/input/by-id")]


@dataclass(frozen=True)
class Axis:
    """How an axis' counts become a deflection."""

    low: float
    high: float
    rest: float

    @staticmethod
    def of(info: evdev.AbsInfo) -> Axis:
        """A stick that rests in the middle of its range, or a trigger that rests at its lower end."""
        is_trigger = info.value - info.min <= NEAR_END * (info.max - info.min)
        return Axis(info.min, info.max, info.min if is_trigger else (info.min + info.max) / 2)

    def deflection(self, count: float) -> float:
        """-1 .. 1 of a stick, 0 .. 1 of a trigger."""
        return (count - self.rest) / (self.high - self.rest)


class Gamepad:
    """Implements ``Teleop``. Unplugged, it says so at each reading, and is opened again once it is back."""

    def __init__(self, config: GamepadConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._hand = Hand(config)
        self._device: evdev.InputDevice[str] | None = None
        self._connected = False
        self._axes: dict[str, Axis] = {}
        self._counts: dict[str, float] = {}
        self._pressed: set[str] = set()

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Open the device; sticks and triggers must be at rest. Raises DeviceError; ConfigError for what it lacks."""
        if not self._connected:
            self._open()
            self._connected = True
            self._hand.begin()

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""
        self._connected = False
        self._lose()

    def begin(self, seed: int) -> None:
        """An episode starts: what was pushed before it does not count."""
        if self._connected:
            self.read()
        self._hand.begin()
        if self._connected:
            self.read()

    def keep_gripper(self, value: float) -> None:
        """The gripper is commanded to ``value`` in [-1, 1] by somebody else: a takeover starts from there."""
        self._hand.keep_gripper(value)

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if not connected, or while the device is unplugged."""
        if not self._connected:
            raise DeviceError("gamepad: not connected; call connect() first")
        if self._device is None:
            self._open()
        self._drain()
        deflections = {name: axis.deflection(self._counts[name]) for name, axis in self._axes.items()}
        return self._hand.reading(self._clock.now_ns(), deflections, self._pressed)

    def _open(self) -> None:
        path = self._config.device
        try:
            device = evdev.InputDevice(path)
            infos = {_axis(code): device.absinfo(code) for code in _codes(device, ecodes.EV_ABS)}
            buttons = {name for code in _codes(device, ecodes.EV_KEY) for name in _names(code)}
            self._config.check(infos, buttons)
            self._axes = {name: Axis.of(info) for name, info in infos.items() if info.max > info.min}
            self._device = device
            self._look(device)
        except OSError as error:
            here = ", ".join(sorted(str(one) for one in BY_ID.glob("*-event-joystick"))) or "no gamepad"
            raise DeviceError(
                f"gamepad: {path}: {error.strerror}. Plugged in, and allowed to this user (group input)? Here: {here}"
            ) from error

    def _look(self, device: evdev.InputDevice[str]) -> None:
        """Ask for the state of everything, as after events were lost."""
        self._counts = {name: device.absinfo(ecodes.ecodes[name]).value for name in self._axes}
        self._pressed = {name for code in device.active_keys() for name in _names(code)}

    def _drain(self) -> None:
        """Take in all events that came. Raises DeviceError if the device is gone."""
        if self._device is None:
            return
        try:
            for _ in range(MOST_EVENTS):
                event = self._device.read_one()
                if event is None:
                    break
                if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                    self._look(self._device)
                elif event.type == ecodes.EV_ABS and _axis(event.code) in self._axes:
                    self._counts[_axis(event.code)] = event.value
                elif event.type == ecodes.EV_KEY:
                    change = self._pressed.update if event.value else self._pressed.difference_update
                    change(_names(event.code))
        except OSError as error:
            self._lose()
            raise DeviceError("gamepad: gone. Plug it in again; it is opened by itself.") from error

    def _lose(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None


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
