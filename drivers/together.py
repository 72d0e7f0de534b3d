"""Several devices in one person's hands: whichever they drive with counts, and each may label episodes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import Teleop, TeleopEvent, TeleopReading


class Together:
    """Implements ``Teleop``: the first device that is engaged drives, and the first event of any is told."""

    def __init__(self, devices: Sequence[Teleop]) -> None:
        self._devices = tuple(devices)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Open all; if one fails, close those already open. Raises DeviceError."""
        with ExitStack() as opened:
            for device in self._devices:
                device.connect()
                opened.callback(device.close)
            opened.pop_all()

    def close(self) -> None:
        """Release all."""
        for device in self._devices:
            device.close()

    def begin(self, seed: int) -> None:
        """An episode starts."""
        for device in self._devices:
            device.begin(seed)

    def keep_gripper(self, value: float) -> None:
        """For those devices that go on from where the gripper is."""
        for device in self._devices:
            keep = getattr(device, "keep_gripper", None)
            if keep is not None:
                keep(value)

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if one of the devices is lost."""
        readings = [device.read() for device in self._devices]
        driving = next((reading for reading in readings if reading.engaged), readings[0])
        events = [reading.event for reading in readings if reading.event is not TeleopEvent.NONE]
        return driving._replace(event=events[0] if events else TeleopEvent.NONE)
