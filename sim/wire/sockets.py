"""TCP ports of a virtual device: each connection is answered by its own talker, through a line with faults."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol

from robolearn.errors import BorderError, DeviceError
from sim.wire.bytelog import ByteLog
from sim.wire.line import Line, LineFaults

CHUNK = 1 << 16
MOST_UNSENT = 1 << 20  # bytes; a client that reads no more than this is hung up on


class Talker(Protocol):
    """The device's end of one connection."""

    def greet(self) -> bytes:
        """What is said as soon as somebody connects."""

    def receive(self, data: bytes) -> bytes:
        """The answer to what has arrived. Raises BorderError for nonsense: the connection is closed."""

    def due(self) -> bytes:
        """What is said unasked, after each step of the device."""


class _Connection:
    def __init__(self, port: int, link: socket.socket, talker: Talker, faults: LineFaults) -> None:
        self.name = str(port)
        self.link, self.talker, self.line = link, talker, Line(faults)
        self.unsent = bytearray()


class Ports:
    """Listens on some ports of one address. Its owner calls :meth:`wait`, :meth:`step` and :meth:`flush` in turn."""

    def __init__(
        self, host: str, talkers: Mapping[int, Callable[[], Talker]], faults: LineFaults, log: ByteLog
    ) -> None:
        """Raises DeviceError if a port is not to be had."""
        self._host, self._talkers, self._faults, self._log = host, talkers, faults, log
        self._selector = selectors.DefaultSelector()
        self._connections: dict[socket.socket, _Connection] = {}
        self._listeners = {_listen(host, port): port for port in talkers}
        for listener in self._listeners:
            self._selector.register(listener, selectors.EVENT_READ)

    def __enter__(self) -> Ports:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hang_up()
        for listener in self._listeners:
            listener.close()
        self._selector.close()

    def wait(self, timeout_s: float) -> list[socket.socket]:
        """Sockets on which something has come in, after at most ``timeout_s``; none while the line is frozen."""
        if self._faults.freeze:
            time.sleep(max(0.0, timeout_s))
            return []
        ready = [key.fileobj for key, _ in self._selector.select(max(0.0, timeout_s))]
        return [link for link in ready if isinstance(link, socket.socket)]

    def take(self, ready: list[socket.socket], now_s: float) -> None:
        """Answer what has come in."""
        for link in ready:
            if link in self._listeners:
                self._accept(link, now_s)
            elif link in self._connections:
                self._receive(self._connections[link], now_s)

    def step(self, now_s: float) -> None:
        """The device has made a step: everybody may have something to say."""
        for connection in self._connections.values():
            if said := connection.talker.due():
                connection.line.put(said, now_s)

    def flush(self, now_s: float) -> None:
        """Send all that is due."""
        if self._faults.unplug:
            self.hang_up()
        for connection in list(self._connections.values()):
            self._send(connection, connection.line.take(now_s))

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in list(self._connections.values()):
            self._close(connection)

    def _accept(self, listener: socket.socket, now_s: float) -> None:
        with contextlib.suppress(OSError):
            link, _ = listener.accept()
            if self._faults.unplug:
                link.close()
                return
            link.setblocking(False)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            port = self._listeners[listener]
            connection = _Connection(port, link, self._talkers[port](), self._faults)
            self._connections[link] = connection
            self._selector.register(link, selectors.EVENT_READ)
            if greeting := connection.talker.greet():
                connection.line.put(greeting, now_s)

    def _receive(self, connection: _Connection, now_s: float) -> None:
        try:
            data = connection.link.recv(CHUNK)
            self._log.note("in", data, connection.name)
            if data and (answer := connection.talker.receive(data)):
                connection.line.put(answer, now_s)
        except BlockingIOError:
            return
        except (OSError, BorderError):
            data = b""
        if not data:
            self._close(connection)

    def _send(self, connection: _Connection, data: bytes) -> None:
        self._log.note("out", data, connection.name)
        connection.unsent += data
        try:
            while connection.unsent:
                del connection.unsent[: connection.link.send(connection.unsent)]
        except BlockingIOError:
            if len(connection.unsent) > MOST_UNSENT:
                self._close(connection)
        except OSError:
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if self._connections.pop(connection.link, None) is not None:
            self._selector.unregister(connection.link)
            connection.link.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DeviceError(
            f"cannot listen on {host}:{port}: {error.strerror or error}. Give each virtual device an address of its "
            "own, such as 127.0.1.1."
        ) from error
    listener.listen()
    listener.setblocking(False)
    return listener
