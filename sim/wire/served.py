"""A virtual device that one thread serves."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Self


class Served(ABC):
    """A context manager: the device serves its ports inside."""

    def __init__(self, name: str, opened: ExitStack) -> None:
        """``opened`` is closed at the end, and ``name`` is that of the thread."""
        self._opened, self._closing = opened, threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join()
        self._opened.close()

    @abstractmethod
    def _run(self) -> None:
        """Serve until ``_closing`` is set."""
