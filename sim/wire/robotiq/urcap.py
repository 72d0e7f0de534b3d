"""The URCap's socket on port 63352: ``GET POS`` is answered by ``POS 3``, ``SET POS 255 GTO 1`` by ``ack``."""

from __future__ import annotations

from sim.wire.robotiq.gripper import WRITABLE, Gripper

URCAP_PORT = 63352
ACK = b"ack"  # with no newline: clients compare the whole answer


class UrcapChannel:
    """One connection."""

    def __init__(self, gripper: Gripper) -> None:
        self._gripper = gripper
        self._buffer = b""

    def greet(self) -> bytes:
        """Nothing."""
        return b""

    def due(self) -> bytes:
        """Nothing."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Answer every whole line."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return b"".join(self._answer(line.decode("ascii", "replace").split()) for line in lines)

    def _answer(self, words: list[str]) -> bytes:
        if len(words) == 2 and words[0] == "GET":
            value = self._gripper.read(words[1])
            return f"{words[1]} {'?' if value is None else value}\n".encode()
        names, values = words[1::2], words[2::2]
        good = words[:1] == ["SET"] and len(names) == len(values) > 0 and set(names) <= set(WRITABLE)
        if not good or not all(value.isdigit() and int(value) < 256 for value in values):
            return b"nack"
        self._gripper.write({name: int(value) for name, value in zip(names, values, strict=True)})
        return ACK
