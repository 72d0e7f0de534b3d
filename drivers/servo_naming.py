"""Gives a servo that is alone on its bus the id and the baud rate that a station's file says.

Servos come from their makers all with the id 1. Nothing moves: of the settings only these two change. Registers are
those of the makers' control tables (Feetech STS3215; ROBOTIS X series, whose EEPROM is open while the torque is off).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import NamedTuple

from drivers import dynamixel_setup, feetech_setup
from drivers.dxl_bus import dxl_bus
from drivers.servo_bus import ServoBus
from drivers.sts_bus import sts_bus
from robolearn.errors import DeviceError

LIKELY_ID, MOST_ID = 20, 252


class Maker(NamedTuple):
    """Registers of one byte, and of the model in two; and the values of the register ``baud``."""

    bus: Callable[[str, int, float], ServoBus]
    id: int
    baud: int
    model: int
    codes: Mapping[int, int]
    open_by: tuple[int, int]  # register and value that let settings be changed
    close_by: tuple[int, int]


STS = Maker(
    sts_bus, id=5, baud=6, model=feetech_setup.MODEL, codes={1_000_000: 0, 500_000: 1, 250_000: 2, 115_200: 4},
    open_by=(feetech_setup.LOCK, 0), close_by=(feetech_setup.LOCK, 1),
)  # fmt: skip
DYNAMIXEL = Maker(
    dxl_bus, id=7, baud=8, model=dynamixel_setup.MODEL,
    codes={57_600: 1, 1_000_000: 3, 115_200: 2, 2_000_000: 4, 3_000_000: 5, 9_600: 0},
    open_by=(dynamixel_setup.TORQUE_ENABLE, 0), close_by=(dynamixel_setup.TORQUE_ENABLE, 0),
)  # fmt: skip


class Named(NamedTuple):
    """A servo as its bus knows it."""

    id: int
    baud: int


class ServoNaming:
    """Servos of one maker that are plugged into one port, one after the other."""

    def __init__(self, maker: Maker, port: str, patience_s: float) -> None:
        self._maker, self._port, self._patience_s = maker, port, patience_s

    def lone(self, model: int) -> Named:
        """Who is there. Raises DeviceError if nobody is, if several are, or for a servo of another model."""
        found = self._there(LIKELY_ID) or self._there(MOST_ID)
        if not found:
            raise DeviceError(f"no servo answers on {self._port}: is its power on, and its cable plugged in?")
        if len(found) > 1:
            listed = ", ".join(f"{one.id} at {one.baud} bits/s" for one in found)
            raise DeviceError(f"several servos answer on {self._port} ({listed}): leave one plugged in alone")
        self._require_model(found[0], model)
        return found[0]

    def rename(self, now: Named, wanted: Named) -> None:
        """Give the one that is there another id and baud rate, for good. Raises DeviceError.

        If that fails in between it answers to one of both: look for it again."""
        maker, (opened, value) = self._maker, self._maker.open_by
        with closing(self._open(now.baud)) as bus:
            bus.write(now.id, opened, 1, value)
            bus.write_all({now.id: bytes([wanted.id])}, maker.id)
            if bus.read(wanted.id, maker.id, 1) != wanted.id:
                raise DeviceError(f"the servo on {self._port} does not take the id {wanted.id}")
            if now.baud != wanted.baud:
                bus.write_all({wanted.id: bytes([maker.codes[wanted.baud]])}, maker.baud)
                bus.ping(wanted.id)  # the port must not be closed before that is on the line
        closed, value = maker.close_by
        with closing(self._open(wanted.baud)) as bus:
            bus.write(wanted.id, closed, 1, value)

    def _there(self, most_id: int) -> list[Named]:
        """Raises DeviceError for answers that lie on top of each other."""
        found = []
        for baud in self._maker.codes:
            with closing(self._open(baud)) as bus:
                ids, garbled = bus.roll_call(most_id)
            if garbled:
                raise DeviceError(f"answers on {self._port} are garbled: leave one servo plugged in alone")
            found += [Named(servo, baud) for servo in ids]
        return found

    def _require_model(self, servo: Named, model: int) -> None:
        with closing(self._open(servo.baud)) as bus:
            actual = bus.read(servo.id, self._maker.model, 2)
        if actual != model:
            raise DeviceError(f"this servo is of model {actual}, the station's file says {model} for this place")

    def _open(self, baud: int) -> ServoBus:
        bus = self._maker.bus(self._port, baud, self._patience_s)
        bus.open()
        return bus
