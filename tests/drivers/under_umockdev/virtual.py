"""The machine's side of emulated input devices: what umockdev needs to know of them, and a hand that moves them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tty
from pathlib import Path

from tests.house.tree import ROOT

FOLDER = Path(__file__).parent


class Node:
    """The device file of the testbed that this process runs in; what is written to it, the driver reads."""

    def __init__(self, name: str) -> None:
        self._path = Path(os.environ["UMOCKDEV_DIR"]) / "dev" / name
        self._end: int | None = None
        self._terminal = ""

    def plug(self, packets: bool) -> None:
        """The device is there. With ``packets`` each write is read by itself, as a HID report is."""
        self.unplug()
        if packets:
            os.mkfifo(self._path)
            self._end = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
            fcntl.fcntl(self._end, fcntl.F_SETFL, os.O_DIRECT | os.O_NONBLOCK)
        else:
            self._end, program = os.openpty()
            tty.setraw(program)
            self._terminal = os.ttyname(program)
            self._path.symlink_to(self._terminal)
            os.close(program)

    def write(self, data: bytes) -> None:
        """The device says something."""
        if self._end is not None:
            os.write(self._end, data)

    def unplug(self) -> None:
        """The device is gone, under the hands of whoever has it open."""
        for file in Path("/proc/self/fd").iterdir():
            if self._terminal and file.is_symlink() and str(file.readlink()) == self._terminal:
                nothing = os.open("/dev/null", os.O_WRONLY)  # reading it is an error, as of a device that is gone
                os.dup2(nothing, int(file.name))
                os.close(nothing)
        if self._end is not None:
            os.close(self._end)
            self._end = None
        self._path.unlink(missing_ok=True)


def run_under_umockdev(tests: str, description: str, ioctls: str, device: str, folder: Path) -> None:
    """Run a file of this folder as tests in a process that sees the emulated device. AssertionError if one fails."""
    described, answers = folder / "device.umockdev", folder / "device.ioctl"
    described.write_text(description)
    answers.write_text(ioctls)
    command = [
        "umockdev-run", "-d", str(described), "-i", f"{device}={answers}", "--",
        sys.executable, "-m", "pytest", str(FOLDER / tests), "-q", "-p", "no:cacheprovider",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
