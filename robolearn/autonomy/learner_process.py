"""The learner as a child: started, watched, started again if it dies, and ended with the practice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO

from robolearn.errors import ModelError
from robolearn.learning.run_folder import RunFolder

END_PATIENCE_S = 120.0  # it clones the base policy once more
BAD_INPUT = 2
TAIL_LINES = 5


def learner_words(run: RunFolder, config: str, seed: int, gives_way: bool) -> list[str]:
    """The command line of a learner that ends with its starter, and ``gives_way`` to what else runs."""
    words = [sys.executable, "-m", "robolearn.learning", str(run.path), "--config", config]
    return [*words, "--seed", str(seed), "--parent", str(os.getpid()), *(["--give-way"] if gives_way else [])]


class LearnerProcess:
    """Supervises one learner; a context manager that ends it cleanly."""

    def __init__(
        self, run: RunFolder, words: Sequence[str], restarts: int, threads: int, say: Callable[[str], None]
    ) -> None:
        """``restarts``: how often a learner that died is started again; ``say`` is told each time."""
        self._run, self._words, self._restarts_left, self._say = run, list(words), restarts, say
        self._environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while there is one."""
        return self._process.pid if self._process else None

    def __enter__(self) -> LearnerProcess:
        self._run.learner_log.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._run.learner_log.open("ab")
        self._start()
        return self

    def watch(self) -> None:
        """Start it again if it has died. Raises ModelError if that is no use, with what it said last."""
        status = self._process.poll() if self._process else None
        if status is None:
            return
        if status == BAD_INPUT or self._restarts_left == 0:
            raise ModelError(
                f"the learner ended with status {status}: {self._last_words()}. All of it: {self._run.learner_log}"
            )
        self._restarts_left -= 1
        self._say(f"the learner died (status {status}): started again from its checkpoint")
        self._start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._end(self._process)
        if self._log is not None:
            self._log.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=self._environment,
            start_new_session=True,
        )  # fmt: skip

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _last_words(self) -> str:
        lines = self._run.learner_log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-TAIL_LINES:]) or "it said nothing"
