"""A serial port that is a pseudo-terminal: served by one thread, unplugged and plugged in again on demand."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from robolearn.errors import DeviceError
from sim.wire.bytelog import ByteLog
from sim.wire.line import Line

IDLE_S = 0.05  # how often the faults are looked at while nothing comes
BAUDS = {getattr(termios, f"B{rate}"): rate for rate in (9600, 38400, 57600, 115200, 500000, 1000000, 2000000, 3000000)}
Answer = Callable[[bytes, int], None]  # bytes that came, at so many bits per second; answers go to the line


class PtyPort:
    """Serves a device at the path ``link``, a symbolic link as udev makes them; a context manager."""

    def __init__(self, link: Path, line: Line, log: ByteLog, receive: Answer) -> None:
        """Raises DeviceError if something else is at ``link``."""
        if link.exists() and not link.is_symlink():
            raise DeviceError(f"cannot make a serial port at {link}: there is a file. Choose another path.")
        self._link, self._line, self._log, self._receive = link, line, log, receive
        self._ends: tuple[int, int] | None = None  # ours, and the one that keeps the device there
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="port", daemon=True)

    def __enter__(self) -> PtyPort:
        self._plug_in()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()
        self._unplug()

    def _plug_in(self) -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ends = (ours, theirs)
        fresh = self._link.with_name(self._link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(theirs))
        fresh.replace(self._link)

    def _unplug(self) -> None:
        if self._ends is not None:
            self._link.unlink(missing_ok=True)
            for end in self._ends:
                os.close(end)
            self._ends = None
            self._line.clear()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._line.faults.unplug:
                self._unplug()
                self._closing.wait(IDLE_S)
            elif self._ends is None:
                self._plug_in()
            else:
                self._serve(*self._ends)

    def _serve(self, ours: int, theirs: int) -> None:
        """Wait for bytes or for an answer that is due, and see to it."""
        due_s = self._line.next_due_s
        wait_s = IDLE_S if due_s is None else min(IDLE_S, max(0.0, due_s - time.monotonic()))
        if select.select([ours], [], [], wait_s)[0]:
            data = os.read(ours, 4096)
            self._log.note("in", data)
            self._receive(self._line.noise(data), BAUDS.get(termios.tcgetattr(theirs)[4], 0))
        ready = self._line.take(time.monotonic())
        if ready:
            self._log.note("out", ready)
            with suppress(BlockingIOError):  # nobody reads: what does not fit is lost, as in a real adapter
                os.write(ours, ready)
