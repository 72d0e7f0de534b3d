"""Pictures over HTTP: the newest of each camera as an endless MJPEG stream, for a browser or any stream reader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self

import cv2

from robolearn.contracts import Frame, Image
from robolearn.errors import BorderError, DeviceError

BOUNDARY = "robolearn"
LOOPBACK = "127.0.0.1"
LOOKS_PER_FRAME = 4  # how often a stream looks for a newer picture: at most a quarter period is lost


class Page(NamedTuple):
    """Something small beside the streams."""

    content_type: str
    body: bytes


def as_jpeg(rgb: Image, quality: int) -> bytes:
    """``rgb`` (H, W, 3) as JPEG; quality 0 .. 100. Raises BorderError for another shape."""
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise BorderError(f"picture: expected shape (height, width, 3), got {rgb.shape}")
    _, data = cv2.imencode(".jpg", rgb[:, :, ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return data.tobytes()


class PictureServer:
    """Serves on a thread of its own; a context manager."""

    scheme: ClassVar[str]
    suffix: ClassVar[str] = ""  # of a camera's name in its address

    def __init__(self, make: Callable[[], TCPServer], host: str, port: int, closing: threading.Event) -> None:
        """Starts to serve; ``closing`` tells the streams to end. Raises DeviceError if the port is taken."""
        self._closing = closing
        try:
            self._server = make()
        except OSError as error:
            raise DeviceError(
                f"cannot serve pictures on {host} port {port}: {error.strerror}. Choose another port; 0 takes any."
            ) from error
        self.url = f"{self.scheme}://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"pictures by {self.scheme}", daemon=True
        )
        self._thread.start()

    def address(self, name: str) -> str:
        """Of the stream of a camera."""
        return f"{self.url}/{name}{self.suffix}"

    def close(self) -> None:
        """End every stream; may be called twice."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class MjpegServer(PictureServer):
    """Serves ``/NAME.mjpeg`` for each camera and each of ``pages``; a context manager.

    A camera is a function that returns its newest frame, or None while there is none. A frame goes out once,
    when its stamp is new. One that raises ConnectionError has its streams closed."""

    scheme, suffix = "http", ".mjpeg"

    def __init__(
        self,
        cameras: Mapping[str, Callable[[], Frame | None]],
        fps: float,
        pages: Mapping[str, Callable[[], Page]] | None = None,
        port: int = 0,
        host: str = LOOPBACK,
        quality: int = 90,
    ) -> None:
        """Starts to serve; port 0 takes any that is free. Raises DeviceError if the port is taken."""
        closing = threading.Event()
        streams = {f"/{name}{self.suffix}": camera for name, camera in cameras.items()}
        pause_s = 1.0 / (LOOKS_PER_FRAME * fps)
        handler = partial(_Handler, streams, dict(pages or {}), pause_s, quality, closing)
        super().__init__(lambda: _Server((host, port), handler), host, port, closing)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    """Answers one client."""

    def __init__(
        self,
        streams: Mapping[str, Callable[[], Frame | None]],
        pages: Mapping[str, Callable[[], Page]],
        pause_s: float,
        quality: int,
        closing: threading.Event,
        *connection: Any,
    ) -> None:
        self._streams, self._pages = streams, pages
        self._pause_s, self._quality, self._closing = pause_s, quality, closing
        super().__init__(*connection)

    def do_GET(self) -> None:
        """A page or a stream; 404 lists what there is."""
        path = self.path.partition("?")[0]
        try:
            if path in self._pages:
                self._send(HTTPStatus.OK, self._pages[path]())
            elif path in self._streams:
                self._stream(self._streams[path])
            else:
                known = "\n".join([*self._pages, *self._streams])
                self._send(HTTPStatus.NOT_FOUND, Page("text/plain", f"There is:\n{known}\n".encode()))
        except ConnectionError:
            self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of each request."""

    def _send(self, status: HTTPStatus, page: Page) -> None:
        self.send_response(status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        self.wfile.write(page.body)

    def _stream(self, camera: Callable[[], Frame | None]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        sent_ns: int | None = None
        while not self._closing.wait(self._pause_s):
            frame = camera()
            if frame is None or frame.stamp_ns == sent_ns:
                continue
            jpeg = as_jpeg(frame.rgb, self._quality)
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")
            sent_ns = frame.stamp_ns
