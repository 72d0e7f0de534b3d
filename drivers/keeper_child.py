"""The process of a keeper: ``python -m drivers.keeper_child``, started by the driver. See ``drivers.keeper``."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import sys
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from drivers.dxl_bus import DxlWire
from drivers.keeper import Kept
from drivers.servo_bus import LinkLost, ServoBus, Wire
from drivers.sts_bus import StsWire
from robolearn.processes import Urgency, schedule

WIRES: Mapping[str, type[Wire]] = {"dynamixel": DxlWire, "feetech": StsWire}
LOOK_S = 0.02
HOLD_S = 1.0  # servos that do not answer have no power: a driver that is started anew needs the line
AGREE_STEPS = 64  # of two readings of a servo that moves: one that is wrong may pass its checksum
STOPPED = ("t", "T")  # proc(5): by a debugger, by a signal


class Line:
    """A serial line that the driver has opened and set up, with the names of pyserial."""

    def __init__(self, number: int) -> None:
        self._number = number

    @property
    def in_waiting(self) -> int:
        """Bytes that may be read at once."""
        (count,) = struct.unpack("i", fcntl.ioctl(self._number, termios.FIONREAD, b"\0" * 4))
        return int(count)

    def fileno(self) -> int:
        """For select."""
        return self._number

    def read(self, size: int) -> bytes:
        """What is there, up to ``size`` bytes."""
        with suppress(BlockingIOError):
            return os.read(self._number, size)
        return b""

    def write(self, data: bytes) -> int:
        """As much as the line takes."""
        return os.write(self._number, bytes(data))

    def reset_input_buffer(self) -> None:
        """Throw away what has come."""
        termios.tcflush(self._number, termios.TCIFLUSH)

    def close(self) -> None:
        """It ends with the process."""


def main(words: list[str]) -> None:
    """Wait until the driver can no longer hold its servos, hold them, and end."""
    line, driver, path, baud, patience_s, kept = words
    schedule(Urgency.MOVES)
    servos = Kept(*json.loads(kept))
    bus = ServoBus(WIRES[servos.make](), path, int(baud), float(patience_s))
    while _runs(int(driver)):
        time.sleep(LOOK_S)
    bus.take(Line(int(line)))
    with suppress(LinkLost):
        _hold(bus, servos)


def _runs(driver: int) -> bool:
    """False once the driver was killed or stopped."""
    try:
        state = Path(f"/proc/{driver}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return os.getppid() == driver and state not in STOPPED


def _hold(bus: ServoBus, servos: Kept) -> None:
    """Make where each joint is its goal, once two readings agree, until it has that goal."""
    last: dict[int, int] = {}
    held: dict[int, int] = {}
    until_s = time.monotonic() + HOLD_S
    while time.monotonic() < until_s:
        felt = _felt(bus, servos)
        for servo, (_, position) in felt.items():
            if servo not in held and abs(position - last.get(servo, sys.maxsize)) <= AGREE_STEPS:
                held[servo] = position
            last[servo] = position
        left = {servo: goal for servo, goal in held.items() if servo not in felt or felt[servo][0] != goal}
        if left:
            goals = {servo: goal.to_bytes(servos.size, "little", signed=True) for servo, goal in left.items()}
            bus.write_all(goals, servos.goal)
        elif len(held) == len(servos.ids):
            return


def _felt(bus: ServoBus, servos: Kept) -> Mapping[int, tuple[int, int]]:
    """Goal and position of those that answer."""
    size = servos.position + servos.size - servos.goal
    blocks = bus.blocks(servos.ids, servos.goal, size)
    return {
        servo: (_number(block.data[: servos.size]), _number(block.data[-servos.size :]))
        for servo, block in blocks.items()
    }


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


if __name__ == "__main__":
    main(sys.argv[1:])
