"""A serial bus of servos: the makers' own libraries, cured of what they do on a bad line.

They may leave late answers in the input, so that one is taken for the next; their port stays busy after an error; a
silent servo hides those after it behind old values; they wait in a busy loop, and too long. Here a read is accepted
only if exactly what was asked for comes: in the order asked, of the length asked, and nothing else before or after.
That length goes round from read to read, so that an answer tells which question it belongs to.
"""

from __future__ import annotations

import errno
import itertools
import select
import termios
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import serial

from robolearn.errors import DeviceError

OVERHEAD = 11  # bytes of a status packet beyond its data, at most
QUIET_S = 0.002  # silent for so long: nothing more comes
TRIES = 10  # of a read or write that has to succeed
TURNS = 8
PORTS = ("serial/by-id/*", "ttyACM*", "ttyUSB*")
IO_ERRORS = (OSError, termios.error, serial.SerialException)


class LinkLost(DeviceError):
    """The port is gone: it was unplugged, or never there."""


class Block(NamedTuple):
    """What a servo answered."""

    error: int  # its status bits
    data: bytes


@dataclass
class LineCounts:
    """What the line has done since it was opened first."""

    reads: int = 0
    missing: int = 0  # answers that did not come
    corrupt: int = 0  # answers whose checksum was wrong
    strays: int = 0  # reads thrown away because something came that had not been asked for
    losses: int = 0


class Packet(NamedTuple):
    """A status packet."""

    servo: int
    error: int
    data: bytes


class Wire(Protocol):
    """One library's packets on a port."""

    probe: int  # a register of one byte that every servo has

    def ask(self, port: Any, ids: list[int], address: int, length: int) -> None:
        """Send a sync read."""

    def call_all(self, port: Any, most_id: int) -> float:
        """Send a ping to everybody. Returns within which time [s] all up to ``most_id`` have answered."""

    def hear(self, port: Any) -> tuple[Packet | None, bool]:
        """The next status packet, None for a bad one or none; and whether anything came."""

    def tell(self, port: Any, data: Mapping[int, bytes], address: int) -> None:
        """Send a sync write."""

    def span(self, address: int, size: int, turn: int) -> tuple[int, int]:
        """Address and length of a read that holds these registers, another length for each ``turn`` below eight."""


class _Port:
    """What a library wants of a port: without busy waiting, emptied before each question, with a timeout that fits.

    Its names are the library's."""

    def __init__(self, line: Any, baud: int, patience_s: float) -> None:
        self.ser, self._patience_s = line, patience_s
        self.is_using = False
        self._byte_s = 10.0 / baud
        self._due_s = 0.0

    def clearPort(self) -> None:
        self.ser.reset_input_buffer()

    def writePort(self, packet: list[int]) -> int:
        return int(self.ser.write(packet) or 0)

    def readPort(self, length: int) -> bytes:
        left_s = self._due_s - time.monotonic()
        if left_s > 0 and not self.ser.in_waiting:
            select.select([self.ser.fileno()], [], [], left_s)
        return bytes(self.ser.read(length))

    def setPacketTimeout(self, packet_length: int) -> None:
        self._due_s = time.monotonic() + self._byte_s * packet_length + self._patience_s

    def setPacketTimeoutMillis(self, msec: float) -> None:
        self._due_s = time.monotonic() + msec * 1e-3

    def expect(self, size: int) -> None:
        """So many bytes more have to come, without a gap."""
        self._due_s = time.monotonic() + self._byte_s * size + self._patience_s / 2

    def isPacketTimeout(self) -> bool:
        return time.monotonic() > self._due_s

    def drain(self) -> None:
        """Wait until the line is silent."""
        while select.select([self.ser.fileno()], [], [], QUIET_S)[0]:
            if not self.ser.read(4096):
                raise OSError(errno.EIO, "the port reports data and has none")


class ServoBus:
    """Servos on one port. Not thread-safe. All methods but ``close`` raise LinkLost."""

    def __init__(self, wire: Wire, port: str, baud: int, patience_s: float) -> None:
        """``patience_s`` is what servos, adapter and this machine may take beyond wire time."""
        self.wire, self.path, self.baud, self.patience_s = wire, port, baud, patience_s
        self.counts = LineCounts()
        self.erred_s = -1e9  # when something last went wrong on the line, on the monotonic clock
        self._port: _Port | None = None
        self._turns = itertools.cycle(range(TURNS))

    @property
    def is_open(self) -> bool:
        """True between :meth:`open` and :meth:`close` or the loss of the port."""
        return self._port is not None

    @property
    def line(self) -> int:
        """File descriptor of the open port."""
        return int(self._ready().ser.fileno())

    @property
    def garbage(self) -> int:
        """How often something came that was no answer."""
        return self.counts.corrupt + self.counts.strays

    def open(self) -> None:
        """Open the port. Raises LinkLost saying why not, and what to do."""
        try:
            self.take(serial.Serial(self.path, self.baud, timeout=0, write_timeout=1.0, exclusive=True))
        except IO_ERRORS as cause:
            raise LinkLost(unopened(self.path, cause)) from cause

    def take(self, line: Any) -> None:
        """Go on with a line that is open: what a ``serial.Serial`` does without blocking."""
        self._port = _Port(line, self.baud, self.patience_s)

    def close(self) -> None:
        """Release the port; may be called twice."""
        port, self._port = self._port, None
        if port is not None:
            with suppress(*IO_ERRORS):  # of a port that is gone there is nothing left to release
                port.ser.close()

    def blocks(self, ids: Sequence[int], address: int, size: int) -> dict[int, Block]:
        """Registers of several servos, in one question. Those whose answer was missing or bad are not in it."""
        start, length = self.wire.span(address, size, next(self._turns))
        self.counts.reads += 1
        port = self._ready()
        try:
            self.wire.ask(port, list(ids), start, length)
            found = self._collect(port, list(ids), length)
        except IO_ERRORS as cause:
            raise self._lose(cause) from cause
        inside = slice(address - start, address - start + size)
        return {servo: Block(block.error, block.data[inside]) for servo, block in found.items()}

    def read(self, servo: int, address: int, size: int) -> int:
        """One register. Raises DeviceError if the servo does not answer."""
        for _ in range(TRIES):
            block = self.blocks([servo], address, size).get(servo)
            if block is not None:
                return int.from_bytes(block.data, "little")
        raise DeviceError(f"servo {servo} does not answer on {self.path}")

    def write(self, servo: int, address: int, size: int, value: int) -> None:
        """One register, read back. Raises DeviceError if it is not kept."""
        data = list(value.to_bytes(size, "little"))
        for _ in range(TRIES):
            self.write_all({servo: bytes(data)}, address)
            if self.read(servo, address, size) == value:
                return
        raise DeviceError(f"servo {servo} on {self.path} does not keep register {address}")

    def write_all(self, data: Mapping[int, bytes], address: int) -> None:
        """Registers of several servos at once. Servos do not answer to this."""
        port = self._ready()
        try:
            self.wire.tell(port, data, address)
        except IO_ERRORS as cause:
            raise self._lose(cause) from cause

    def ping(self, servo: int) -> str:
        """What happens when one servo is called: "answers", "silent" or "garbled"."""
        garbage = self.garbage
        if any(self.blocks([servo], self.wire.probe, 1) for _ in range(2)):
            return "answers"
        return "silent" if self.garbage == garbage else "garbled"

    def roll_call(self, most_id: int) -> tuple[list[int], bool]:
        """Ids up to ``most_id``, and perhaps others, that are there; and whether an answer was garbled, as those of two
        servos with one id are."""
        port, ids, garbled = self._ready(), [], False
        try:
            port.clearPort()
            until_s = time.monotonic() + self.wire.call_all(port, most_id) + self.patience_s
            while (left_s := until_s - time.monotonic()) > 0.0:
                port.setPacketTimeoutMillis(left_s * 1e3)
                packet, anything = self.wire.hear(port)
                ids += [] if packet is None else [packet.servo]
                garbled = garbled or (packet is None and anything)
            port.drain()
        except IO_ERRORS as cause:
            raise self._lose(cause) from cause
        finally:
            port.is_using = False
        return ids, garbled

    def _ready(self) -> _Port:
        if self._port is None:
            raise LinkLost(f"{self.path} is not open")
        return self._port

    def _collect(self, port: _Port, expected: list[int], length: int) -> dict[int, Block]:
        """Answers to one question; none at all if anything else came."""
        found: dict[int, Block] = {}
        corrupt, stray, left = 0, False, expected
        while len(found) + corrupt < len(expected) and not stray:
            packet, anything = self.wire.hear(port)
            if packet is not None:
                stray = packet.servo not in left or len(packet.data) != length
                if not stray:
                    found[packet.servo] = Block(packet.error, packet.data)
                    left = left[left.index(packet.servo) + 1 :]
                    port.expect(len(left) * (length + OVERHEAD))
            elif not anything:
                break
            else:
                corrupt += 1
        port.is_using = False
        stray = stray or port.ser.in_waiting > 0
        if stray or len(found) < len(expected):
            self._recover(port, len(expected) - len(found) - corrupt, corrupt, stray)
        return {} if stray else found

    def _recover(self, port: _Port, missing: int, corrupt: int, stray: bool) -> None:
        """Count what went wrong, and wait until the line is silent: nothing of it may reach the next read."""
        counts = self.counts
        counts.missing += max(0, missing)
        counts.corrupt += corrupt
        counts.strays += stray
        self.erred_s = time.monotonic()
        port.drain()

    def _lose(self, cause: BaseException) -> LinkLost:
        self.close()
        self.counts.losses += 1
        return LinkLost(f"the link on {self.path} was lost ({cause}): is the cable plugged in?")


def unopened(path: str, cause: BaseException) -> str:
    """Why a port cannot be opened, and what to do."""
    number = getattr(cause, "errno", None)
    if number == errno.ENOENT:
        here = ", ".join(_ports_here()) or "none"
        return f"there is no port {path}: is the cable plugged in? Ports of this machine: {here}."
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to use {path}: install the shipped rules of udev (drivers/udev), or add yourself to the "
            "group that owns the port (sudo usermod -aG dialout $USER) and log in anew"
        )
    if "lock" in str(cause):
        return f"{path} is in use by another program: close it first"
    return f"cannot open {path}: {cause}"


def _ports_here() -> Iterable[str]:
    return sorted(str(port) for pattern in PORTS for port in Path("/dev").glob(pattern))
