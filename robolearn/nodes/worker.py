"""Work that takes its time, beside a node's executor; and the run that such work belongs to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from robolearn.cli.job import Job, job_of
from robolearn.errors import StoreError
from robolearn.nodes.base import LOOK_S, TableNode


class Worker:
    """One piece of work on a thread of its own. When it ends, the node is done; its error ends the node.

    An error of the operating system, such as a full disk, is raised as a StoreError with the same words."""

    def __init__(self, node: TableNode, work: Callable[[], None]) -> None:
        self._node = node
        self._pool = ThreadPoolExecutor(1, node.entry.name)
        self._future = self._pool.submit(work)
        node.every(LOOK_S, self._look)

    def join(self) -> None:
        """Wait for the end of the work. Raises its error: what it could not save at the end must not go unsaid."""
        self._pool.shutdown()
        self._raise_error()

    def _look(self) -> None:
        if self._future.done():
            self._raise_error()
            self._node.done = True

    def _raise_error(self) -> None:
        try:
            self._future.result()
        except OSError as error:
            raise StoreError(
                f"{self._node.entry.name} cannot go on: {error}. Make room and see that its files can be written, then "
                "start it again: it goes on from what was saved."
            ) from error


def job_of_node(node: TableNode, backend: str | None = None) -> Job:
    """The run that the parameters of ``node`` mean, on the station's own backend or another. Raises ConfigError."""
    names = {name: node.text(name) for name in ("station", "task", "config")}
    seed, folder = int(node.number("run_seed")), Path(node.text("run")).expanduser()
    return job_of(argparse.Namespace(**names, seed=seed, run=folder, backend=backend))
