"""The packets of Dynamixel servos (protocol 2.0), by dynamixel-sdk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynamixel_sdk import BROADCAST_ID, COMM_RX_TIMEOUT, COMM_SUCCESS, INST_PING, PacketHandler

from drivers.servo_bus import Packet, ServoBus

PROTOCOL = 2.0
FIRMWARE = 6
ROLL_S = 0.003  # for each id


class DxlWire:
    """Implements ``Wire``. A read begins before the registers asked for, and what stands there is thrown away."""

    probe = FIRMWARE

    def __init__(self) -> None:
        self._packets = PacketHandler(PROTOCOL)

    def ask(self, port: Any, ids: list[int], address: int, length: int) -> None:
        """Send a sync read."""
        self._packets.syncReadTx(port, address, length, ids, len(ids), False)

    def call_all(self, port: Any, most_id: int) -> float:
        """Send a ping to everybody; each waits a moment for every id below its own."""
        self._packets.txPacket(port, [0, 0, 0, 0, BROADCAST_ID, 3, 0, INST_PING, 0, 0])
        return ROLL_S * (most_id + 1)

    def hear(self, port: Any) -> tuple[Packet | None, bool]:
        """The next status packet, None for a bad one or none; and whether anything came."""
        packet, result = self._packets.rxPacket(port, False)
        if result != COMM_SUCCESS:
            return None, result != COMM_RX_TIMEOUT
        size = (packet[5] | packet[6] << 8) - 4
        return Packet(packet[4], packet[8], bytes(packet[9 : 9 + size])), True

    def tell(self, port: Any, data: Mapping[int, bytes], address: int) -> None:
        """Send a sync write."""
        size = len(next(iter(data.values())))
        flat = [byte for servo, values in data.items() for byte in (servo, *values)]
        self._packets.syncWriteTxOnly(port, address, size, flat, len(flat))

    def span(self, address: int, size: int, turn: int) -> tuple[int, int]:
        """Longer at the beginning, or at the end where there are not so many registers before."""
        if address >= turn:
            return address - turn, size + turn
        return address, size + turn


def dxl_bus(port: str, baud: int, patience_s: float) -> ServoBus:
    """A bus of Dynamixels, not open yet."""
    return ServoBus(DxlWire(), port, baud, patience_s)
