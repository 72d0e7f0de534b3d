"""A 3Dconnexion SpaceMouse, by pyspacemouse. Axes are those of ROS: x forward, y left, z up, yaw to the left."""

from __future__ import annotations

import contextlib
import io
import time
from dataclasses import dataclass

import pyspacemouse
from pyspacemouse.device import HIDException

from drivers.hand import Hand, HandConfig
from drivers.keyboard import ACTION_NAMES
from drivers.table import Cell
from robolearn.config import Section
from robolearn.contracts import Arm, Clock, TeleopReading
from robolearn.errors import DeviceError

AXES = ("x", "y", "z", "roll", "pitch", "yaw")
QUEUE_S = 0.3  # the kernel keeps 64 reports, half a second: after that the newest are lost, not the oldest
SILENCE_S = 0.3  # pushed, it reports a hundred times a second: silent, it is out of reach or let go
SETTLE_S = 0.05  # long enough for a report of one that is being pushed
MOST_REPORTS = 256
NO_REPORT_S = -1.0  # what pyspacemouse stamps its state with before the first


@dataclass(frozen=True)
class SpaceMouseConfig(HandConfig):
    """A SpaceMouse. Its buttons are named as pyspacemouse names them."""


class SpaceMouse:
    """Implements ``Teleop``. Unplugged, it says so at each reading, and is opened again once it is back."""

    def __init__(self, config: SpaceMouseConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._hand = Hand(config)
        self._device: pyspacemouse.SpaceMouseDevice | None = None
        self._connected = False
        self._drained_s = self._heard_s = 0.0
        self._report_s = 0.0

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Open the first SpaceMouse. Raises DeviceError, and ConfigError for an axis or button that it has not."""
        if not self._connected:
            self._device = self._open()
            self._connected = True
            self._hand.begin()

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""
        self._connected = False
        self._lose()

    def begin(self, seed: int) -> None:
        """An episode starts: what was pushed before it does not count."""
        self._hand.begin()
        if self._connected:
            self.read()
            time.sleep(SETTLE_S)
            self._hand.begin()
            self.read()

    def keep_gripper(self, value: float) -> None:
        """The gripper is commanded to ``value`` in [-1, 1] by somebody else: a takeover starts from there."""
        self._hand.keep_gripper(value)

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if not connected, or while the device is unplugged."""
        if not self._connected:
            raise DeviceError("spacemouse: not connected; call connect() first")
        if time.monotonic() - self._drained_s > QUEUE_S:
            self._lose()
        if self._device is None:
            self._device = self._open()
        state = self._drain(self._device)
        silent = self._drained_s - self._heard_s > SILENCE_S
        deflections = {axis: 0.0 if silent else float(getattr(state, axis)) for axis in AXES}
        names = self._device.info.button_names
        pressed = {name for name, down in zip(names, state.buttons, strict=True) if down}
        return self._hand.reading(self._clock.now_ns(), deflections, pressed)

    def _open(self) -> pyspacemouse.SpaceMouseDevice:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it found
                device = pyspacemouse.open(axis_convention=pyspacemouse.AxisConvention.ROS)
        except (RuntimeError, HIDException) as error:
            raise DeviceError(
                f"spacemouse: {error} Plugged in, and allowed to this user? Install drivers/udev/60-robolearn.rules, "
                "then plug it in again; see docs/devices/inputs.md."
            ) from error
        self._drained_s = self._heard_s = time.monotonic()
        self._report_s = NO_REPORT_S
        self._config.check(AXES, device.info.button_names)
        return device

    def _drain(self, device: pyspacemouse.SpaceMouseDevice) -> pyspacemouse.SpaceMouseState:
        """State after the newest report: one call reads one. Raises DeviceError if the device is gone."""
        self._drained_s = time.monotonic()
        try:
            for _ in range(MOST_REPORTS):
                state = device.read()
                if state.t == self._report_s:
                    break
                self._report_s, self._heard_s = state.t, self._drained_s
        except HIDException as error:
            self._lose()
            raise DeviceError("spacemouse: gone. Plug it in again; it is opened by itself.") from error
        return state

    def _lose(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None


def teleop(section: Section, cell: Cell, arm: Arm) -> SpaceMouse:
    """The first SpaceMouse on this machine."""
    return SpaceMouse(section.read(SpaceMouseConfig), cell.clock)
