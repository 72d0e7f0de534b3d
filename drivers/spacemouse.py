"""A 3Dconnexion SpaceMouse, by pyspacemouse. Axes are those of ROS: x forward, y left, z up, yaw to the left."""

from __future__ import annotations

import contextlib
import io
import time
from dataclasses import dataclass

import pyspacemouse
from pyspacemouse.device import HIDException

from drivers.hand import HandConfig
from drivers.hand_device import Felt, HandDevice
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


class SpaceMouse(HandDevice[pyspacemouse.SpaceMouseDevice]):
    """The first SpaceMouse on this machine."""

    name = "spacemouse"

    def __init__(self, config: SpaceMouseConfig, clock: Clock) -> None:
        super().__init__(config, clock)
        self._config = config
        self._drained_s = self._heard_s = 0.0
        self._report_s = 0.0

    def begin(self, seed: int) -> None:
        """An episode starts: what was pushed before it does not count."""
        self._hand.begin()
        if self._connected:
            self.read()
            time.sleep(SETTLE_S)
            self._hand.begin()
            self.read()

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if not connected, or while the device is unplugged."""
        if time.monotonic() - self._drained_s > QUEUE_S:
            self._lose()
        return super().read()

    def _feel(self, device: pyspacemouse.SpaceMouseDevice) -> Felt:
        state = self._drain(device)
        silent = self._drained_s - self._heard_s > SILENCE_S
        deflections = {axis: 0.0 if silent else float(getattr(state, axis)) for axis in AXES}
        names = device.info.button_names
        return Felt(deflections, {name for name, down in zip(names, state.buttons, strict=True) if down})

    def _open(self) -> pyspacemouse.SpaceMouseDevice:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it found
                device = pyspacemouse.open(axis_convention=pyspacemouse.AxisConvention.ROS)
        except (RuntimeError, HIDException) as error:
            raise DeviceError(
                f"spacemouse: {error} Plugged in, and allowed to this user? Install drivers/udev/60-robolearn.rules, "
                "then plug it in again; see docs/devices/inputs.md."
            ) from error
        time.sleep(SETTLE_S)
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
            raise self._gone() from error
        return state


def teleop(section: Section, cell: Cell, arm: Arm) -> SpaceMouse:
    """The first SpaceMouse on this machine."""
    return SpaceMouse(section.read(SpaceMouseConfig), cell.clock)
