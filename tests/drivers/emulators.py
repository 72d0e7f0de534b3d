"""Virtual hardware for tests: ``robolearn emulate`` as a process, and a hold on its control channel."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT

START_S = 60.0
MAIN = "from robolearn.cli.main import main; raise SystemExit(main())"
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Emulator:
    """A running virtual device."""

    control: Path
    process: subprocess.Popen[bytes]

    def do(self, deed: str, /, **arguments: Any) -> Any:
        """Ask the control channel. Fails with what it says."""
        with socket.socket(socket.AF_UNIX) as channel, channel.makefile("rw") as text:
            channel.settimeout(30.0)
            channel.connect(str(self.control))
            text.write(json.dumps({"do": deed, **arguments}) + "\n")
            text.flush()
            answer = json.loads(text.readline())
        assert answer["ok"], answer
        return answer["result"]

    def heal(self) -> None:
        """No faults on the line."""
        self.do("faults", drop=0.0, late=0.0, corrupt=0.0, delay_s=0.0, split=0, freeze=False, unplug=False)


@contextmanager
def emulating(folder: Path, device: str, *words: str) -> Iterator[Emulator]:
    """``robolearn emulate device words``, ready; told to stop at the end, and its exit status checked."""
    control = folder / "control"
    command = [sys.executable, "-c", MAIN, "emulate", device, *words, "--control", str(control)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ENVIRONMENT})
    try:
        until_s = time.monotonic() + START_S
        while not control.exists():
            assert process.poll() is None and time.monotonic() < until_s, f"{device} did not start"
            time.sleep(0.05)
        yield Emulator(control, process)
    finally:
        process.terminate()
        assert process.wait(30.0) == 0
