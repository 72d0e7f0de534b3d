"""A virtual RTSP camera (RFC 2326): pictures as RTP packets on the very connection that asked for them."""

from __future__ import annotations

import select
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from robolearn.contracts import Frame
from robolearn.errors import BorderError
from robolearn.mjpeg import LOOKS_PER_FRAME, LOOPBACK, PictureServer, as_jpeg
from sim.wire.rtp_jpeg import PAYLOAD_TYPE, packets

Camera = Callable[[], Frame | None]
CHUNK = 65536
DOLLAR = 0x24  # begins a packet between requests: channel, length, data
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER")
TRACK = "/track0"
SESSION, SOURCE = "1", 0x526F626F
OVER_TCP = "RTP/AVP/TCP"
REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 461: "Unsupported Transport", 501: "Not Implemented",
}  # fmt: skip


class RtspServer(PictureServer):
    """Serves ``/NAME`` for each camera; a context manager.

    A camera is a function that returns its newest frame, or None while there is none. A frame goes out once, when its
    stamp is new. One that raises ConnectionError has its connections closed."""

    scheme = "rtsp"

    def __init__(
        self, cameras: Mapping[str, Camera], fps: float, port: int = 0, host: str = LOOPBACK, quality: int = 90
    ) -> None:
        """Starts to serve; port 0 takes any that is free. Raises DeviceError if the port is taken."""
        closing = threading.Event()
        streams = {f"/{name}": camera for name, camera in cameras.items()}
        session = partial(_Session, streams, 1.0 / (LOOKS_PER_FRAME * fps), quality, closing)
        super().__init__(lambda: _Server((host, port), session), host, port, closing)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class _Session(socketserver.BaseRequestHandler):
    """One client: answers its requests, and between them sends what it plays."""

    def __init__(
        self, streams: Mapping[str, Camera], pause_s: float, quality: int, closing: threading.Event, *connection: Any
    ) -> None:
        self._streams, self._pause_s, self._quality, self._closing = streams, pause_s, quality, closing
        self._unread = bytearray()
        self._playing: Camera | None = None
        self._sent, self._sent_ns = 0, 0
        self._over = False
        super().__init__(*connection)

    def handle(self) -> None:
        """Until the client leaves, or is hung up on."""
        try:
            while not (self._over or self._closing.is_set()):
                for request in self._requests():
                    self.request.sendall(self._answer(request))
                if self._playing is not None:
                    self._show(self._playing)
        except (ConnectionError, BorderError, ValueError):  # it has left, or talks nonsense
            return

    def _requests(self) -> Iterator[str]:
        """What has come in whole. Raises ConnectionError if the client has left."""
        if not select.select([self.request], [], [], self._pause_s)[0]:
            return
        data = self.request.recv(CHUNK)
        if not data:
            raise ConnectionResetError("the client has left")
        self._unread += data
        while (end := _end_of_first(self._unread)) is not None:
            first = bytes(self._unread[:end])
            del self._unread[:end]
            if first[0] != DOLLAR:  # reports of the receiver come in between
                yield first.decode("latin-1")

    def _answer(self, request: str) -> bytes:
        method, url, *_ = [*request.split("\r\n", 1)[0].split(" "), ""]
        path = urlsplit(url).path.rstrip("/").removesuffix(TRACK)
        status, head, body = self._what_becomes(method, path, _header(request, "Transport"))
        if method == "DESCRIBE":
            head = {"Content-Base": f"{url.rstrip('/')}/", "Content-Type": "application/sdp", **head}
        lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {_header(request, 'CSeq')}"]
        lines += [f"{key}: {value}" for key, value in head.items()]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode("latin-1")

    def _what_becomes(self, method: str, path: str, transport: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body."""
        if not path.startswith("/") and method != "OPTIONS":
            return 400, {}, ""
        if method not in METHODS:
            return 501, {}, ""
        if method in ("DESCRIBE", "SETUP", "PLAY") and path not in self._streams:
            return 404, {}, ""
        if method == "SETUP" and OVER_TCP not in transport:
            return 461, {}, ""
        if method == "PLAY":
            self._playing = self._streams[path]
        self._over = method == "TEARDOWN"
        told = {
            "OPTIONS": {"Public": ", ".join(METHODS)},
            "SETUP": {"Transport": f"{OVER_TCP};unicast;interleaved=0-1", "Session": SESSION},
            "PLAY": {"Session": SESSION},
        }
        return 200, told.get(method, {}), _description(path) if method == "DESCRIBE" else ""

    def _show(self, camera: Camera) -> None:
        frame = camera()
        if frame is None or frame.stamp_ns == self._sent_ns:
            return
        for packet in packets(as_jpeg(frame.rgb, self._quality), self._sent, frame.stamp_ns, SOURCE):
            self.request.sendall(struct.pack(">BBH", DOLLAR, 0, len(packet)) + packet)
            self._sent += 1
        self._sent_ns = frame.stamp_ns


def _end_of_first(data: bytearray) -> int | None:
    """Where the first request or packet ends, None while it is not whole."""
    if data[:1] == b"$":
        end = 4 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else len(data) + 1
    else:
        head = data.find(b"\r\n\r\n")
        if head < 0:
            return None
        end = head + 4 + int(_header(data[:head].decode("latin-1"), "Content-Length") or 0)
    return end if 0 < end <= len(data) else None


def _header(request: str, name: str) -> str:
    """Value of a header, empty if it is not there."""
    for line in request.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return ""


def _description(path: str) -> str:
    """What a client is told of a stream (RFC 4566)."""
    lines = ("v=0", "o=- 0 0 IN IP4 0.0.0.0", f"s={path[1:]}", "c=IN IP4 0.0.0.0", "t=0 0",
             f"m=video 0 RTP/AVP {PAYLOAD_TYPE}", f"a=control:{TRACK[1:]}", "")  # fmt: skip
    return "\r\n".join(lines)
