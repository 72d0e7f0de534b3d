"""What every ``robolearn emulate`` shares: it serves until it is told to stop, and leaves nothing behind."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

from robolearn.processes import keep_for_good

log = logging.getLogger("robolearn.emulate")


def serve(device: AbstractContextManager[Any], ready: str | Callable[[], str]) -> None:
    """Keep a virtual device up until Ctrl-C or SIGTERM; ``ready`` is said once it is there."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="robolearn: %(message)s")
    with stop_signal() as stop, device:
        keep_for_good()
        log.info(ready if isinstance(ready, str) else ready())
        stop.wait()


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set instead of ending the process."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
