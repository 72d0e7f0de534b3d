"""How a running cell is shown to a person: a live table on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

import psutil
from rich.console import Console
from rich.live import Live
from rich.table import Table

from robolearn.nodes.up.child import Child

MIB = 2**20
COLUMNS = ("node", "state", "pid", "restarts", "cpu %", "MiB", "last words")


class View(Protocol):
    """Shows what goes on."""

    def tell(self, event: str) -> None:
        """Something happened."""

    def show(self) -> None:
        """The newest state."""

    def close(self) -> None:
        """Nothing more comes."""


class Lines:
    """One line for each event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def tell(self, event: str) -> None:
        """Write it."""
        self._stream.write(f"robolearn: {event}\n")
        self._stream.flush()

    def show(self) -> None:
        """Only events are told."""

    def close(self) -> None:
        """Nothing is held."""


class StatusTable:
    """One row for each node, drawn anew in place; events go above it."""

    def __init__(self, children: Sequence[Child], stream: TextIO) -> None:
        self._children = children
        self._processes: dict[int, psutil.Process] = {}
        self._live = Live(console=Console(file=stream), auto_refresh=False)  # a thread must not start processes
        self._live.start()

    def tell(self, event: str) -> None:
        """Write it above the table."""
        self._live.console.print(event, markup=False)

    def show(self) -> None:
        """Draw the table."""
        table = Table(*COLUMNS, expand=True)
        for child in self._children:
            table.add_row(*self._cells(child))
        self._live.update(table, refresh=True)

    def close(self) -> None:
        """Leave the last table on the terminal."""
        self._live.stop()

    def _cells(self, child: Child) -> Iterable[str]:
        cpu, memory = self._load(child.pid) if child.pid is not None else ("", "")
        pid = str(child.pid or "")
        return child.name, child.state, pid, str(child.restarts), cpu, memory, child.last_words(1)

    def _load(self, pid: int) -> tuple[str, str]:
        """Share of one core and memory since the last look; nothing if it has just ended."""
        try:
            process = self._processes.setdefault(pid, psutil.Process(pid))
            return f"{process.cpu_percent():.0f}", f"{process.memory_info().rss / MIB:.0f}"
        except psutil.NoSuchProcess:
            return "", ""


def view_of(children: Sequence[Child]) -> View:
    """What suits the stream of errors."""
    return StatusTable(children, sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr)
