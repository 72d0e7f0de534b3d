"""A Robotiq gripper over Modbus RTU, by pymodbus, on a serial adapter of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pymodbus import ModbusException
from pymodbus.client import ModbusSerialClient

from drivers.robotiq import Count, RobotiqGripper, Share, Status
from robolearn.config import Key, Section
from robolearn.errors import DeviceError

BAUD, TIMEOUT_S, RETRIES = 115200, 0.05, 2
OUTPUT, INPUT, COUNT = 0x03E8, 0x07D0, 3
ACTIVATE, GO = 0x01, 0x08  # bits of the action byte


@dataclass(frozen=True)
class ModbusConfig:
    """The gripper's section in a station's file."""

    port: Annotated[str, Key("serial port; /dev/serial/by-id/... does not change")]
    unit: Annotated[int, Key("Modbus address; 9 unless changed", low=1, high=247)]
    open_count: Count
    closed_count: Count
    speed: Share
    force: Share


def gripper(section: Section) -> RobotiqGripper:
    """The gripper of a station, not connected yet. Raises ConfigError."""
    config = section.read(ModbusConfig)
    wire = ModbusWire(config.port, config.unit)
    return RobotiqGripper(wire, config.open_count, config.closed_count, config.speed, config.force)


class ModbusWire:
    """Implements ``drivers.robotiq.Wire``."""

    def __init__(self, port: str, unit: int) -> None:
        self.name = f"gripper {unit} on {port}"
        self._unit = unit
        self._client: Any = ModbusSerialClient(port, baudrate=BAUD, timeout=TIMEOUT_S, retries=RETRIES)

    def open(self) -> None:
        """Open the port."""
        if not self._client.connect():
            raise DeviceError(f"{self.name}: the port cannot be opened. Check the cable, the path and the permission.")

    def close(self) -> None:
        """Let go of the port."""
        self._client.close()

    def status(self) -> Status:
        """All registers in one transaction."""
        state, fault, position = self._do(
            lambda: self._client.read_holding_registers(INPUT, count=COUNT, device_id=self._unit)
        ).registers
        return Status(state >> 12 & 0b11, fault >> 8, position >> 8)

    def activate(self, on: bool) -> None:
        """The activation bit."""
        self._write(ACTIVATE if on else 0, 0, 0, 0)

    def go(self, position: int, speed: int, force: int) -> None:
        """All registers in one transaction."""
        self._write(ACTIVATE | GO, position, speed, force)

    def halt(self) -> None:
        """Clear the bit that lets it go."""
        self._write(ACTIVATE, 0, 0, 0)

    def _write(self, action: int, position: int, speed: int, force: int) -> None:
        registers = [action << 8, position, speed << 8 | force]
        self._do(lambda: self._client.write_registers(OUTPUT, registers, device_id=self._unit))

    def _do(self, call: Callable[[], Any]) -> Any:
        try:
            answer = call()
        except (ModbusException, OSError) as error:
            raise DeviceError(f"{self.name}: no answer ({error}). Is it on, and its address {self._unit}?") from error
        if answer.isError():
            raise DeviceError(f"{self.name}: refused: {answer}")
        return answer
