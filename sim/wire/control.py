"""The control channel of a virtual device: a Unix socket that takes one JSON object a line, and answers with one.

``{"do": "faults", "drop": 0.01}`` is answered by ``{"ok": true, "result": ...}`` or ``{"ok": false, "error": ...}``.
"""

from __future__ import annotations

import dataclasses
import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from robolearn.errors import BorderError, DeviceError, RobolearnError, unknown

Deed = Callable[..., Any]  # takes the request's other keys as keyword arguments; returns what JSON can hold


class ControlChannel:
    """Serves ``deeds`` by name on the Unix socket ``path``; a context manager. Deeds run one at a time."""

    def __init__(self, path: Path, deeds: Mapping[str, Deed]) -> None:
        """Raises DeviceError if the socket cannot be made there."""
        self._path, self._deeds, self._lock = path, dict(deeds), threading.Lock()
        path.unlink(missing_ok=True)
        try:
            self._server = _Server(str(path), _Handler)
        except OSError as error:
            reason = f"{error.strerror or error}. Choose another path, at most 107 bytes long."
            raise DeviceError(f"cannot make the control socket {path}: {reason}") from error
        self._server.answer = self.answer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="control", daemon=True)

    def answer(self, line: bytes) -> dict[str, Any]:
        """What one request is answered with."""
        try:
            with self._lock:
                return {"ok": True, "result": self._do(line)}
        except (RobolearnError, TypeError, ValueError) as error:
            return {"ok": False, "error": str(error)}

    def _do(self, line: bytes) -> Any:
        request = json.loads(line)
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            raise BorderError('a request is a JSON object with a key "do"')
        name = request.pop("do")
        if name not in self._deeds:
            raise BorderError(unknown("request", name, self._deeds))
        return self._deeds[name](**request)

    def __enter__(self) -> ControlChannel:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    answer: Callable[[bytes], dict[str, Any]]


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer until the client goes."""
        try:
            for line in self.rfile:
                self.wfile.write(json.dumps(self.server.answer(line)).encode() + b"\n")
        except ConnectionError:
            return


def knobs(faults: Any) -> Deed:
    """A deed that sets fields of the dataclass ``faults`` by name, and returns them all. It refuses other types."""

    def turn(**changes: Any) -> dict[str, Any]:
        known = dataclasses.asdict(faults)
        for name, value in changes.items():
            if name not in known:
                raise BorderError(unknown("fault", name, known))
            kinds = (int, float) if isinstance(known[name], float) else (type(known[name]),)
            if type(value) not in kinds:
                raise BorderError(f"fault {name}: expected {kinds[-1].__name__}, got {value!r}")
        for name, value in changes.items():
            setattr(faults, name, value)
        return dataclasses.asdict(faults)

    return turn


def guarded(lock: AbstractContextManager[Any], deeds: Mapping[str, Deed]) -> dict[str, Deed]:
    """The same deeds, each done with ``lock`` held: that of what they change."""

    def guard(deed: Deed) -> Deed:
        def do(**arguments: Any) -> Any:
            with lock:
                return deed(**arguments)

        return do

    return {name: guard(deed) for name, deed in deeds.items()}
