"""One RTDE client: what it has agreed on, and the answers to its packets. Bytes in, bytes out."""

from __future__ import annotations

import struct

from robolearn.errors import BorderError
from sim.wire.ur import variables
from sim.wire.ur.controller import POLYSCOPE, Controller
from sim.wire.ur.packets import Kind, Recipe, names_in, packet, split

ACCEPTED, REFUSED = b"\x01", b"\x00"
NOT_FOUND = "NOT_FOUND"
MAX_HZ = 500.0


class Session:
    """Answers one connection on port 30004."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._buffer = bytearray()
        self._inputs: dict[int, Recipe] = {}
        self._outputs: Recipe | None = None
        self._every = 1  # cycles from one data packet to the next
        self._cycle = 0
        self._started = False

    def receive(self, data: bytes) -> bytes:
        """Take in what has arrived and return what is to be sent. Raises BorderError for broken packets."""
        self._buffer += data
        return b"".join(self._answer(kind, payload) for kind, payload in split(self._buffer))

    def greet(self) -> bytes:
        """RTDE waits to be spoken to."""
        return b""

    def due(self) -> bytes:
        """The data packet that is due after a cycle of the controller, or nothing."""
        self._cycle += 1
        if not self._started or self._outputs is None or self._cycle % self._every:
            return b""
        return self._outputs.pack(self._controller.outputs)

    def _answer(self, kind: int, payload: bytes) -> bytes:
        if kind == Kind.DATA:
            return self._take(payload)
        if kind == Kind.PROTOCOL_VERSION:
            return packet(Kind.PROTOCOL_VERSION, ACCEPTED if payload == struct.pack(">H", 2) else REFUSED)
        if kind == Kind.CONTROLLER_VERSION:
            return packet(Kind.CONTROLLER_VERSION, struct.pack(">4I", *POLYSCOPE))
        if kind == Kind.OUTPUTS:
            return self._agree_outputs(payload)
        if kind == Kind.INPUTS:
            return self._agree_inputs(payload)
        if kind in (Kind.START, Kind.PAUSE):
            self._started = kind == Kind.START and self._outputs is not None
            return packet(Kind(kind), ACCEPTED if self._started == (kind == Kind.START) else REFUSED)
        raise BorderError(f"RTDE packet of unknown kind {kind}")

    def _take(self, payload: bytes) -> bytes:
        recipe = self._inputs.get(payload[0] if payload else 0)
        if recipe is None:
            raise BorderError(f"RTDE data for a recipe that was never agreed: {payload[:1].hex()}")
        self._controller.write(recipe.unpack(payload))
        return b""

    def _agree_outputs(self, payload: bytes) -> bytes:
        if len(payload) < 8:
            raise BorderError(f"RTDE output set-up of {len(payload)} bytes: it starts with a frequency of 8")
        names = names_in(payload[8:])
        (frequency,) = struct.unpack_from(">d", payload)
        known = all(name in variables.OUTPUTS for name in names) and 0.0 < frequency <= MAX_HZ
        self._outputs = Recipe.of(1, names, variables.OUTPUTS) if known else None
        self._every = round(MAX_HZ / frequency) if known else 1
        types = ",".join(variables.OUTPUTS.get(name, NOT_FOUND) for name in names)
        return packet(Kind.OUTPUTS, bytes([int(known)]) + types.encode())

    def _agree_inputs(self, payload: bytes) -> bytes:
        names = names_in(payload)
        known = all(name in variables.INPUTS for name in names)
        number = len(self._inputs) + 1 if known else 0
        if known:
            self._inputs[number] = Recipe.of(number, names, variables.INPUTS)
        types = ",".join(variables.INPUTS.get(name, NOT_FOUND) for name in names)
        return packet(Kind.INPUTS, bytes([number]) + types.encode())
