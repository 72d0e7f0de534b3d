"""The gripper's Modbus RTU: unit 9, write multiple registers (16), read holding (3) and input registers (4)."""

from __future__ import annotations

import struct

from sim.wire.robotiq.gripper import Gripper

UNIT = 9
OUTPUT, INPUT, COUNT = 0x03E8, 0x07D0, 3
READ_HOLDING, READ_INPUT, WRITE = 0x03, 0x04, 0x10
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS = 1, 2
HEADER = struct.Struct(">BBHH")
SHORTEST = 8
ACTIONS = {"ACT": 0, "GTO": 3, "ATR": 4, "ARD": 5}  # bits of the first byte


def crc(data: bytes) -> bytes:
    """CRC-16 of Modbus, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


class RtuChannel:
    """Bytes of the line in, answers out. What is not a whole sound frame for this unit is dropped, as on a bus."""

    def __init__(self, gripper: Gripper) -> None:
        self._gripper = gripper
        self._buffer = b""

    def receive(self, data: bytes) -> bytes:
        """The answers to the frames that are whole now."""
        self._buffer += data
        answers = b""
        while len(self._buffer) >= SHORTEST:
            length = self._length()
            if len(self._buffer) < length:
                break
            frame, rest = self._buffer[:length], self._buffer[length:]
            if crc(frame[:-2]) != frame[-2:]:
                self._buffer = self._buffer[1:]
                continue
            self._buffer = rest
            if frame[0] == UNIT:
                answers += self._answer(frame[1:-2])
        return answers

    def _length(self) -> int:
        """Of the frame that the buffer starts with."""
        return SHORTEST + 1 + self._buffer[6] if self._buffer[1] == WRITE else SHORTEST

    def _answer(self, request: bytes) -> bytes:
        body = bytes([UNIT]) + self._do(request)
        return body + crc(body)

    def _do(self, request: bytes) -> bytes:
        function, address, count = struct.unpack_from(">BHH", request)
        if function == WRITE:
            if not self._write(address, count, request[6:]):
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
            return request[:5]
        if function not in (READ_HOLDING, READ_INPUT):
            return bytes([function | 0x80, ILLEGAL_FUNCTION])
        if not INPUT <= address < address + count <= INPUT + COUNT:
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        status = self._status()[2 * (address - INPUT) : 2 * (address - INPUT + count)]
        return bytes([function, len(status)]) + status

    def _write(self, address: int, count: int, data: bytes) -> bool:
        if address != OUTPUT or count != COUNT or len(data) != 2 * COUNT:
            return False
        actions, _, _, position, speed, force = data
        bits = {name: actions >> bit & 1 for name, bit in ACTIONS.items()}
        self._gripper.write({**bits, "POS": position, "SPE": speed, "FOR": force})
        return True

    def _status(self) -> bytes:
        """Three registers: status, fault and echo, position and current."""

        def value(name: str) -> int:
            return self._gripper.read(name) or 0

        state = value("ACT") | value("GTO") << 3 | value("STA") << 4 | value("OBJ") << 6
        return bytes([state, 0, value("FLT"), value("PRE"), value("POS"), value("COU")])
