"""A thread that looks at a gate's watchdog while the program that should command is busy, asks a person, or hangs."""

from __future__ import annotations

import logging
import threading

from robolearn.errors import BorderError, DeviceError
from robolearn.safety import Gate

log = logging.getLogger(__name__)


class Watchdog:
    """Looks from :meth:`start` to :meth:`close`. A device that cannot be held is told again with each look."""

    def __init__(self, gate: Gate, period_s: float) -> None:
        self._gate, self._period_s = gate, period_s
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, if it does not yet."""
        if self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Look no more; may be called twice."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _look(self) -> None:
        while not self._ending.wait(self._period_s):
            try:
                self._gate.tick()
            except (BorderError, DeviceError) as error:
                log.warning("watchdog: the arm cannot be held: %s", error)
