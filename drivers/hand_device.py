"""What drivers of devices for a person's hand share: from connect to close, and what is done about a pulled plug."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

from drivers.hand import Hand, HandConfig
from robolearn.actions import ACTION_NAMES
from robolearn.contracts import Clock, TeleopReading
from robolearn.errors import DeviceError


class Closable(Protocol):
    """An open device."""

    def close(self) -> None:
        """Release it."""


class Felt(NamedTuple):
    """What the hand does with a device."""

    deflections: Mapping[str, float]  # in [-1, 1], by axis
    pressed: Collection[str]  # names of buttons


D = TypeVar("D", bound=Closable)


class HandDevice(ABC, Generic[D]):
    """Implements ``Teleop``. Unplugged, it says so at each reading; once back, it drives after a rest."""

    name: ClassVar[str]

    def __init__(self, config: HandConfig, clock: Clock) -> None:
        self._clock, self._hand = clock, Hand(config)
        self._device: D | None = None
        self._connected = False

    @property
    def action_names(self) -> tuple[str, ...]:
        """Constant."""
        return ACTION_NAMES

    def connect(self) -> None:
        """Open the device, which must be at rest. Raises DeviceError, and ConfigError for what it lacks."""
        if not self._connected:
            self._device = self._open()
            self._connected = True
            self._hand.begin()

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""
        self._connected = False
        self._lose()

    @abstractmethod
    def begin(self, seed: int) -> None:
        """An episode starts: what was pushed before it does not count."""

    def keep_gripper(self, value: float) -> None:
        """The gripper is commanded to ``value`` in [-1, 1] by somebody else: a takeover starts from there."""
        self._hand.keep_gripper(value)

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError if not connected, or while the device is unplugged."""
        if not self._connected:
            raise DeviceError(f"{self.name}: not connected; call connect() first")
        if self._device is None:
            self._device = self._open()
            self._hand.wait_for_rest()  # whatever is pushed now, nobody may mean it any more
        felt = self._feel(self._device)
        return self._hand.reading(self._clock.now_ns(), felt.deflections, felt.pressed)

    @abstractmethod
    def _open(self) -> D:
        """Raises DeviceError with the way out, and ConfigError for what the device lacks."""

    @abstractmethod
    def _feel(self, device: D) -> Felt:
        """What the hand does now. Raises what :meth:`_gone` returns if the device no longer answers."""

    def _gone(self) -> DeviceError:
        """Let go of a device that no longer answers; the error that says so."""
        self._lose()
        return DeviceError(f"{self.name}: gone. Plug it in again; it is opened by itself.")

    def _lose(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None
