"""Serves virtual webcams as device files: a Unix socket for each, which programs open through ``device_socket.c``."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import DeviceError
from robolearn.mjpeg import LOOKS_PER_FRAME
from sim.wire.served import Served
from sim.wire.v4l2 import uapi
from sim.wire.v4l2.webcam import OpenWebcam, Webcam

Camera = Callable[[], Frame | None]
QUESTION, ANSWER = struct.Struct("<Q"), struct.Struct("<iI")
READY = b"\0"


class V4l2Cameras:
    """A context manager: ``folder`` has a device file for each camera until it is left.

    A camera is a function that returns its newest frame, or None while there is none. One that raises ConnectionError
    is unplugged until it does not."""

    def __init__(self, cameras: Mapping[str, Camera], specs: Sequence[CameraSpec], folder: Path) -> None:
        """Raises DeviceError if nothing can be made in the folder."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeviceError(f"cannot make the folder {folder}: {error.strerror}. Choose another.") from error
        self._webcams = [_ServedWebcam(spec, cameras[spec.name], self.address(spec.name)) for spec in specs]
        self._stack = ExitStack()

    def address(self, name: str) -> Path:
        """Device file of a camera."""
        return self._folder / name

    def __enter__(self) -> V4l2Cameras:
        for webcam in self._webcams:
            self._stack.enter_context(webcam)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()


class _ServedWebcam(Served):
    """One thread answers all who have the webcam open, and shows them what it sees."""

    def __init__(self, spec: CameraSpec, camera: Camera, path: Path) -> None:
        """Plugs it in. Raises DeviceError if the device file cannot be made."""
        self._spec, self._camera, self._path = spec, camera, path
        self._pause_s = 1.0 / (LOOKS_PER_FRAME * spec.fps)
        self._seen_ns: int | None = None
        self._listener: socket.socket | None = None
        self._users: dict[socket.socket, _User] = {}  # by the socket that they ask over
        self._plug()
        opened = ExitStack()
        opened.callback(self._unplug)
        super().__init__(f"webcam {spec.name}", opened)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._attend()
            self._look()

    def _plug(self) -> None:
        """The device is there, in the state in which its power came on."""
        self._webcam = Webcam(self._spec)
        if self._path.is_socket():
            self._path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(self._path))
        except OSError as error:
            self._listener.close()
            reason = f"{error.strerror or error}. Choose another folder; a path takes at most 107 bytes."
            raise DeviceError(f"cannot make the device file {self._path}: {reason}") from error
        self._listener.listen()

    def _unplug(self) -> None:
        """The device is gone, under the hands of whoever has it open."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)
        for asks in list(self._users):
            self._users.pop(asks).close()

    def _attend(self) -> None:
        """Answer those who ask, until it is time to look again."""
        waiting = [*self._users] if self._listener is None else [self._listener, *self._users]
        for asks in select.select(waiting, [], [], self._pause_s)[0]:
            if asks is self._listener:
                user = _User(self._webcam, self._listener.accept()[0])
                self._users[user.asks] = user
            else:
                self._answer(asks)

    def _answer(self, asks: socket.socket) -> None:
        try:
            self._users[asks].answer()
        except ConnectionError:  # the program has closed the device
            self._users.pop(asks).close()

    def _look(self) -> None:
        try:
            frame = self._camera()
        except ConnectionError:
            self._unplug()
            return
        if self._listener is None:
            self._plug()
        if frame is None or frame.stamp_ns == self._seen_ns:
            return
        self._seen_ns = frame.stamp_ns
        for user in self._users.values():
            user.show(frame)


class _User:
    """A program that has the webcam open."""

    def __init__(self, webcam: Webcam, file: socket.socket) -> None:
        self._open, self._file = OpenWebcam(webcam), file
        self.asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs, suppress(ConnectionError):
            socket.send_fds(file, [READY], [theirs.fileno(), self._open.memory])

    def close(self) -> None:
        """Hang up."""
        for end in (self.asks, self._file, self._open):
            end.close()

    def answer(self) -> None:
        """Answer one question. Raises ConnectionError if the program has closed the device."""
        (number,) = QUESTION.unpack(self._take(QUESTION.size))
        argument = self._take(uapi.size_of_argument(number))
        result, taken = self._open.answer(number, argument)
        comes_back = argument if uapi.tells(number) else b""
        self.asks.sendall(ANSWER.pack(result, taken) + comes_back)

    def show(self, frame: Frame) -> None:
        """Hand a picture over, if one is wanted."""
        if self._open.show(frame):
            with suppress(ConnectionError):  # it is closing the device
                self._file.send(READY)

    def _take(self, count: int) -> bytearray:
        """Exactly so many bytes. Raises ConnectionError if they do not come."""
        data = bytearray()
        while len(data) < count:
            part = self.asks.recv(count - len(data))
            if not part:
                raise ConnectionResetError("the program has closed the device")
            data += part
        return data
