"""One node as a process: started, started again as its entry says, and ended with everything it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import yaml

from robolearn.errors import ConfigError
from robolearn.nodes.up.restarts import Restarts, Then
from robolearn.nodes.up.rules import EVERY_NODE, PARAMETERS
from robolearn.nodes.up.setups import Start
from robolearn.processes import die_with

LAST_WORDS = 5  # lines
TAIL_BYTES = 2000


class Child:
    """Keeps one node running. Its output goes into a log, its parameters lie beside that."""

    def __init__(self, start: Start, folder: Path, log_level: str, stdin: int = subprocess.DEVNULL) -> None:
        """Nothing is started yet. ``stdin`` is a file descriptor. Raises OSError if the folder cannot be written."""
        self.name = start.name
        self.log = folder / f"{start.name}.log"
        self.restarts = 0
        self.end_patience_s = start.entry.end_patience_s
        self._restarts, self._stdin = Restarts(start.entry.restart), stdin
        self._file = folder / f"{start.name}.yaml"
        self._parameters = yaml.safe_dump({EVERY_NODE: {PARAMETERS: dict(start.parameters)}})
        self._words = [
            sys.executable, "-m", start.entry.module, "--ros-args", "-r", f"__node:={start.name}",
            "-r", f"__ns:={start.namespace}", "--log-level", log_level, "--params-file", str(self._file),
            "--disable-external-lib-logs",
        ]  # fmt: skip
        self._open_log().close()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._due_s: float | None = None
        self.status: int | None = None  # of its last end

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def done(self) -> bool:
        """True once its work is finished, and it is not to be started again."""
        return self._process is None and self._due_s is None and self.status is not None

    @property
    def state(self) -> str:
        """For people."""
        if self._process is not None:
            return "running"
        return "done" if self.done else f"starts again in {max(0.0, (self._due_s or 0.0) - time.monotonic()):.1f} s"

    def start(self) -> None:
        """Start the process; it ends when this one does, however that happens."""
        with self._open_log() as log:
            self._process = subprocess.Popen(
                self._words, stdin=self._stdin, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with(os.getpid()),
            )  # fmt: skip
        self._started_s, self._due_s = time.monotonic(), None

    def look(self) -> str:
        """Start it again if it has ended and is due; what happened, or an empty text.

        Raises ConfigError with its last words if it was started badly."""
        if self._process is not None and (status := self._process.poll()) is not None:
            return self._ended(self._process, status)
        if self._due_s is not None and time.monotonic() >= self._due_s:
            self.restarts += 1
            self.start()
            return f"{self.name}: started again"
        return ""

    def tell_to_end(self) -> None:
        """Ask it to end, and do not start it again."""
        self._due_s = None
        if self._process is not None:
            self._process.terminate()

    def wait_for_end(self, deadline_s: float) -> None:
        """Return once it has ended; whatever is left of it at the deadline is killed."""
        if self._process is None:
            return
        try:
            self.status = self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.status = self._process.wait()
        _kill_group(self._process.pid)
        self._process = None

    def last_words(self, lines: int = LAST_WORDS) -> str:
        """The end of its log; nothing if somebody has taken that away, which is no reason to end a cell."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
                said = log.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return " | ".join(line for line in said[-lines:] if line.strip())

    def _open_log(self) -> IO[bytes]:
        """The log, with the parameters beside it, also where a person has removed them since. Raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._parameters, encoding="utf-8")
        return self.log.open("ab")

    def _ended(self, process: subprocess.Popen[bytes], status: int) -> str:
        _kill_group(process.pid)
        then = self._restarts.after(status, time.monotonic() - self._started_s)
        self._process, self.status = None, status
        if then is Then.GIVE_UP:
            raise ConfigError(f"{self.name} does not start: {self.last_words()}. All of it: {self.log}")
        if then is Then.DONE:
            return f"{self.name}: done"
        self._due_s = time.monotonic() + self._restarts.wait_s
        return f"{self.name}: {_how(status)}, starts again in {self._restarts.wait_s:.1f} s"


def end_all(children: Sequence[Child]) -> None:
    """End them together, each with the patience of its entry; none is left at the end."""
    for child in children:
        child.tell_to_end()
    told_s = time.monotonic()
    for child in sorted(children, key=lambda one: one.end_patience_s):
        child.wait_for_end(told_s + child.end_patience_s)


def _how(status: int) -> str:
    return f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def _kill_group(group: int) -> None:
    """A node that ended may have left children behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
