"""A virtual UR in a process of its own, and the driver that talks to it with the real client library."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.clock import RealClock
from drivers.ur import UrArm, UrConfig, tool_on_flange
from robolearn.descriptions import description

JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
CONTROL_HZ = 25.0  # slow, for machines that are busy
START_S = 60.0


def address() -> str:
    """A loopback address that no other test process uses."""
    number = os.getpid()
    return f"127.{7 + number // 62500 % 200}.{1 + number // 250 % 250}.{1 + number % 250}"


class Emulated:
    """``robolearn emulate ur`` and its control channel."""

    def __init__(self) -> None:
        self.host = address()
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "control"
        words = [str(Path(sys.executable).with_name("robolearn")), "emulate", "ur", "--host", self.host]
        self.process = subprocess.Popen([*words, "--control", str(path)], stderr=subprocess.DEVNULL)
        self._control = self._connect(path)
        self._answers = self._control.makefile("rb")

    def do(self, name: str, **arguments: Any) -> Any:
        """Ask the control channel."""
        self._control.sendall(json.dumps({"do": name, **arguments}).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        assert answer["ok"], answer
        return answer["result"]

    def close(self) -> None:
        """Stop the process as a person would."""
        self._control.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(START_S) == 0
        self._folder.cleanup()

    def _connect(self, path: Path) -> socket.socket:
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s and self.process.poll() is None:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(path))
            except OSError:
                link.close()
                time.sleep(0.05)
            else:
                return link
        raise AssertionError(f"the virtual controller did not start: {self.process.poll()}")


def make_arm(host: str, silence_s: float = 1.0) -> UrArm:
    """The driver, with patience for a busy machine, and quick to follow its targets."""
    config = UrConfig(host, 0.05, 1000.0, 0.9, (0.0, 0.0, 0.0572), False, silence_s)
    return UrArm(config, JOINTS, CONTROL_HZ, tool_on_flange(description("ur5e_2f85"), JOINTS), RealClock())


def wait_until(true: Callable[[], bool], timeout_s: float = 20.0) -> bool:
    """False if it does not become true."""
    end_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.005)
    return True
