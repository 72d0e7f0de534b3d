"""The packets of Feetech STS servos, by feetech-servo-sdk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scservo_sdk import BROADCAST_ID, COMM_RX_TIMEOUT, COMM_SUCCESS, INST_PING, PacketHandler

from drivers.servo_bus import Packet, ServoBus

LITTLE_ENDIAN = 0
PRESENT_POSITION = 56
ROLL_S = 0.03


class StsWire:
    """Implements ``Wire``. What follows the registers asked for is read beyond them, and thrown away."""

    probe = PRESENT_POSITION

    def __init__(self) -> None:
        self._packets = PacketHandler(LITTLE_ENDIAN)

    def ask(self, port: Any, ids: list[int], address: int, length: int) -> None:
        """Send a sync read."""
        self._packets.syncReadTx(port, address, length, ids, len(ids))

    def call_all(self, port: Any, most_id: int) -> float:
        """Send a ping to everybody, who all answer at once."""
        self._packets.txPacket(port, [0, 0, BROADCAST_ID, 2, INST_PING, 0])
        return ROLL_S

    def hear(self, port: Any) -> tuple[Packet | None, bool]:
        """The next status packet, None for a bad one or none; and whether anything came."""
        packet, result = self._packets.rxPacket(port)
        if result != COMM_SUCCESS:
            return None, result != COMM_RX_TIMEOUT
        return Packet(packet[2], packet[4], bytes(packet[5:-1])), True

    def tell(self, port: Any, data: Mapping[int, bytes], address: int) -> None:
        """Send a sync write."""
        size = len(next(iter(data.values())))
        flat = [byte for servo, values in data.items() for byte in (servo, *values)]
        self._packets.syncWriteTxOnly(port, address, size, flat, len(flat))

    def span(self, address: int, size: int, turn: int) -> tuple[int, int]:
        """Longer at the end."""
        return address, size + turn


def sts_bus(port: str, baud: int, patience_s: float) -> ServoBus:
    """A bus of STS servos, not open yet."""
    return ServoBus(StsWire(), port, baud, patience_s)
