"""The UDP end of a virtual robot: states out through a line with faults, commands in."""

from __future__ import annotations

import select
import socket
from types import TracebackType

from robolearn.errors import BorderError
from sim.wire.bytelog import ByteLog
from sim.wire.franka.packets import RobotCommand
from sim.wire.line import Line, LineFaults

LARGEST = 2048


class Datagrams:
    """One socket for all clients, which are on this machine. A context manager."""

    def __init__(self, host: str, faults: LineFaults, log: ByteLog) -> None:
        self._host, self._faults, self._log = host, faults, log
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._lines: dict[tuple[int, int], Line] = {}  # one for each client's port and each size of datagram

    def __enter__(self) -> Datagrams:
        self._socket.bind((self._host, 0))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def put(self, port: int, datagram: bytes, now_s: float) -> None:
        """A datagram for a client that listens on ``port`` of this machine."""
        line = self._lines.setdefault((port, len(datagram)), Line(self._faults, port))
        line.put(datagram, now_s)

    def flush(self, now_s: float) -> None:
        """Send all that is due."""
        for (port, size), line in self._lines.items():
            due = line.take(now_s)
            for start in range(0, len(due), size):
                self._send(port, due[start : start + size])

    def wait(self, timeout_s: float) -> None:
        """Return when something has come in, or after ``timeout_s``."""
        select.select([self._socket], [], [], timeout_s)

    def commands(self) -> list[RobotCommand]:
        """What clients have sent. Datagrams of another size are no commands."""
        heard = []
        while datagram := self._receive():
            try:
                heard.append(RobotCommand.unpack(datagram))
            except BorderError:
                continue
        return [] if self._faults.freeze else heard

    def _receive(self) -> bytes:
        try:
            datagram = self._socket.recv(LARGEST)
        except (BlockingIOError, ConnectionRefusedError):  # the second: a client that we sent to has gone
            return b""
        self._log.note("in", datagram, "udp")
        return datagram

    def _send(self, port: int, datagram: bytes) -> None:
        self._log.note("out", datagram, "udp")
        try:
            self._socket.sendto(datagram, (self._host, port))
        except (BlockingIOError, ConnectionRefusedError):
            return
