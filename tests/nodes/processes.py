"""Nodes as processes, each test on a network of its own, for the tests of this room."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import TypeVar

from diagnostic_msgs.msg import DiagnosticArray

from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.processes import die_with

T = TypeVar("T")
DOMAINS = range(1, 101)  # the ports of these are left alone by Linux
PATIENCE_S = 60.0
LOOK_S = 0.02


@contextmanager
def own_network() -> Iterator[int]:
    """A ROS_DOMAIN_ID that no other test uses, set for this process and its children."""
    before = os.environ.get("ROS_DOMAIN_ID")
    number, lock = _free_domain()
    os.environ["ROS_DOMAIN_ID"] = str(number)
    try:
        yield number
    finally:
        os.close(lock)
        del os.environ["ROS_DOMAIN_ID"]
        if before is not None:
            os.environ["ROS_DOMAIN_ID"] = before


def _free_domain() -> tuple[int, int]:
    for number in DOMAINS:
        lock = os.open(Path(gettempdir()) / f"robolearn-test-domain-{number}", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return number, lock
    raise RuntimeError("every ROS domain is in use")


class NodeProcess:
    """One node as a process; a context manager that ends it."""

    def __init__(
        self, log: Path, name: str, *words: str, stdin: int = subprocess.DEVNULL, **parameters: object
    ) -> None:
        """Start ``robolearn.nodes.<name>``; ``words`` are further arguments, what it says goes to ``log``."""
        given = [word for key, value in parameters.items() for word in ("-p", f"{key}:={_shown(value)}")]
        command = [sys.executable, "-m", f"robolearn.nodes.{name}", "--ros-args", *given, *words]
        self.name, self.log = name, log
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                command, stdin=stdin, stdout=stream, stderr=stream, start_new_session=True,
                preexec_fn=die_with(os.getpid()), env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)

    def end(self, number: int) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit status, when it comes."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def said(self) -> str:
        """What it said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def eventually(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """What ``look`` finds as soon as it is neither None nor False."""
    deadline_s = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < deadline_s, f"waited {patience_s:g} s in vain for {what}"
        time.sleep(LOOK_S)
    return found


@contextmanager
def diagnostics(link: Link) -> Iterator[Mapping[str, dict[str, str]]]:
    """The newest values that each node has reported of itself; "message" is how it is."""
    newest: dict[str, dict[str, str]] = {}

    def heard(message: DiagnosticArray) -> None:
        for status in message.status:
            pairs = {pair.key: pair.value for pair in status.values}
            newest[status.name.rsplit("/", 1)[-1]] = {"message": status.message, **pairs}

    with link.listening(topics.DIAGNOSTICS, heard):
        yield newest
