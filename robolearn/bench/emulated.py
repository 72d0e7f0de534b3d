"""A virtual device as a process of its own, and a hold on its control channel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from robolearn.errors import BenchError
from robolearn.processes import die_with

MAIN = "from robolearn.cli.main import main; raise SystemExit(main())"
START_S = 60.0
STOP_S = 10.0


class EmulatedDevice:
    """A context manager around ``robolearn emulate``."""

    def __init__(self, device: str, *words: str) -> None:
        self._words = [sys.executable, "-c", MAIN, "emulate", device, *words]

    def __enter__(self) -> EmulatedDevice:
        self._folder = tempfile.TemporaryDirectory(prefix="robolearn-")
        path = Path(self._folder.name) / "control"
        self._process = subprocess.Popen(
            [*self._words, "--control", str(path)], stderr=subprocess.DEVNULL, preexec_fn=die_with(os.getpid())
        )
        try:
            self._channel = self._connect(path)
        except BenchError:
            self._stop()
            raise
        self._answers = self._channel.makefile("rb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._answers.close()
        self._channel.close()
        self._stop()

    def do(self, deed: str, /, **arguments: Any) -> Any:
        """Ask the control channel. Raises BenchError with what it says against it."""
        self._channel.sendall(json.dumps({"do": deed, **arguments}).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        if not answer["ok"]:
            raise BenchError(f"the virtual device refuses {deed!r}: {answer['error']}")
        return answer["result"]

    def _connect(self, path: Path) -> socket.socket:
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s and self._process.poll() is None:
            channel = socket.socket(socket.AF_UNIX)
            try:
                channel.connect(str(path))
            except OSError:
                channel.close()
                time.sleep(0.02)
            else:
                return channel
        raise BenchError(f"the virtual device did not start: {' '.join(self._words[3:])}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
