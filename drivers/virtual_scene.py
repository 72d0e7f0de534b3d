"""The scene of a virtual cell: ``robolearn emulate`` resets it and knows the truth, over its control channel."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.errors import DeviceError

ANSWER_S = 10.0
SETTLE_S = 0.4  # until objects lie still, and pictures of the new start have arrived


@dataclass(frozen=True)
class VirtualSceneConfig:
    """Where the virtual cell listens."""

    control: Annotated[str, Key("its control channel, a Unix socket")]


class VirtualScene:
    """Implements ``Scene``."""

    def __init__(self, config: VirtualSceneConfig, task: str) -> None:
        self._path, self._task = config.control, task
        self._channel: socket.socket | None = None
        self._received = b""

    def reset(self, seed: int, stopped: str | None) -> Mapping[str, Any]:
        """Put the scene and the arm in it where the draws of ``seed`` say. Raises DeviceError."""
        draws: Mapping[str, Any] = self._ask({"do": "reset", "seed": seed, "task": self._task})
        time.sleep(SETTLE_S)
        return draws

    def succeeded(self) -> bool:
        """Ground truth of the task. Raises DeviceError."""
        return bool(self._ask({"do": "truth"})["succeeded"])

    def close(self) -> None:
        """Hang up; may be called twice."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _ask(self, request: Mapping[str, Any]) -> Any:
        try:
            channel = self._channel or self._connected()
            channel.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(self._line(channel))
        except OSError as error:
            self.close()
            raise DeviceError(
                f"no virtual cell listens at {self._path} ({error}): start it with 'robolearn emulate', or correct "
                "'control' in the station's file"
            ) from error
        if not answer["ok"]:
            raise DeviceError(f"the virtual cell at {self._path} refuses: {answer['error']}")
        return answer["result"]

    def _connected(self) -> socket.socket:
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(ANSWER_S)
        channel.connect(self._path)
        self._channel, self._received = channel, b""
        return channel

    def _line(self, channel: socket.socket) -> bytes:
        while b"\n" not in self._received:
            data = channel.recv(65536)
            if not data:
                raise ConnectionResetError("it hung up")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line


def scene(section: Section, cell: Cell) -> VirtualScene:
    """The scene behind the control channel in ``section``."""
    return VirtualScene(section.read(VirtualSceneConfig), cell.task)
