"""Keeps a simulation abreast of real time, in whole steps, from a thread and on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

PATIENCE_S = 0.2  # further behind, and the simulation lets the time slip: better late than never ready


class RealTime:
    """Calls ``step`` once for each ``period_s`` that has passed. A context manager: the thread runs inside.

    Whoever reads or writes the simulation holds ``lock``. ``reached_s`` is how far it is, on the monotonic clock."""

    def __init__(self, step: Callable[[], None], period_s: float, tick_s: float) -> None:
        """The thread looks every ``tick_s``, a whole number of periods."""
        self._step, self._period_s, self._tick_s = step, period_s, tick_s
        self.lock = threading.RLock()
        self.slipped_s = 0.0
        self.reached_s = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="physics", daemon=True)

    def catch_up(self) -> None:
        """Run the steps that are due now."""
        with self.lock:
            behind_s = time.monotonic() - self.reached_s
            if behind_s > PATIENCE_S:
                self.slipped_s += behind_s - self._tick_s
                self.reached_s += behind_s - self._tick_s
                behind_s = self._tick_s
            for _ in range(int(behind_s / self._period_s)):
                self._step()
                self.reached_s += self._period_s

    def __enter__(self) -> RealTime:
        self.reached_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._closing.wait(max(0.0, due_s - time.monotonic())):
            self.catch_up()
            due_s = max(due_s + self._tick_s, time.monotonic())
