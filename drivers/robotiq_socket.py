"""A Robotiq gripper over the socket of its URCap, which the UR controller opens on port 63352."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Annotated

from drivers.robotiq import Count, RobotiqGripper, Share, Status
from robolearn.config import Key, Section
from robolearn.errors import DeviceError

PORT = 63352
TIMEOUT_S = 0.5
READ = ("STA", "FLT", "POS")
LONGEST = 256


@dataclass(frozen=True)
class SocketConfig:
    """The gripper's section in a station's file."""

    host: Annotated[str, Key("address of the UR controller")]
    open_count: Count
    closed_count: Count
    speed: Share
    force: Share


def gripper(section: Section) -> RobotiqGripper:
    """The gripper of a station, not connected yet. Raises ConfigError."""
    config = section.read(SocketConfig)
    return RobotiqGripper(UrcapWire(config.host), config.open_count, config.closed_count, config.speed, config.force)


class UrcapWire:
    """Implements ``drivers.robotiq.Wire``."""

    def __init__(self, host: str) -> None:
        self.name = f"gripper at {host}:{PORT}"
        self._host = host
        self._link: socket.socket | None = None

    def open(self) -> None:
        """Connect."""
        try:
            self._link = socket.create_connection((self._host, PORT), TIMEOUT_S)
        except OSError as error:
            reason = error.strerror or error
            raise DeviceError(f"{self.name}: {reason}. Is the Robotiq URCap installed, and the gripper on?") from error
        self._link.settimeout(TIMEOUT_S)

    def close(self) -> None:
        """Hang up."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def status(self) -> Status:
        """All registers in one round trip."""
        lines = self._ask("".join(f"GET {name}\n" for name in READ), len(READ)).split("\n")
        values = []
        for name, line in zip(READ, lines, strict=False):
            word, _, value = line.partition(" ")
            if word != name or not value.isdigit():
                raise DeviceError(
                    f"{self.name}: asked for {name}, and it answers {line!r}; is there an emergency stop?"
                )
            values.append(int(value))
        return Status(*values)

    def activate(self, on: bool) -> None:
        """The activation bit."""
        self._set(ACT=int(on), **({} if on else {"GTO": 0}))

    def go(self, position: int, speed: int, force: int) -> None:
        """Position first: the motion starts with GTO."""
        self._set(POS=position, SPE=speed, FOR=force, GTO=1)

    def halt(self) -> None:
        """Clear GTO."""
        self._set(GTO=0)

    def _set(self, **values: int) -> None:
        words = " ".join(f"{name} {value}" for name, value in values.items())
        answer = self._ask(f"SET {words}\n", 0)
        if answer != "ack":
            raise DeviceError(f"{self.name}: refuses SET {words}: {answer!r}")

    def _ask(self, request: str, lines: int) -> str:
        """What is answered: so many lines, or for none an acknowledgement, which has no end of line."""
        if self._link is None:
            raise DeviceError(f"{self.name}: not connected")
        answer = b""
        try:
            self._link.sendall(request.encode())
            while answer.count(b"\n") < lines or not answer:
                piece = self._link.recv(LONGEST)
                if not piece:
                    raise DeviceError(f"{self.name}: the controller has hung up")
                answer += piece
        except OSError as error:
            raise DeviceError(f"{self.name}: {error.strerror or error}") from error
        return answer.decode("ascii", "replace")
