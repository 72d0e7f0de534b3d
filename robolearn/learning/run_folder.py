"""Where the parts of a run lie."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from robolearn.errors import StoreError

LOCK_PATIENCE_S = 10.0


@dataclass(frozen=True)
class RunFolder:
    """A run: its store, its models, and what its stages wrote."""

    path: Path

    @property
    def store(self) -> Path:
        """Episodes: demonstrations and practice."""
        return self.path / "store"

    @property
    def base(self) -> Path:
        """The base policy."""
        return self.path / "base"

    @property
    def reward(self) -> Path:
        """The success classifier."""
        return self.path / "reward"

    @property
    def weights(self) -> Path:
        """Versions of the residual policy."""
        return self.path / "weights"

    @property
    def checkpoint(self) -> Path:
        """State of the learner."""
        return self.path / "learner" / "checkpoint.safetensors"

    @property
    def progress(self) -> Path:
        """How far the learner is."""
        return self.path / "learner" / "progress.json"

    @property
    def learner_log(self) -> Path:
        """What the learner said on its standard streams."""
        return self.path / "learner" / "log.txt"

    @property
    def metrics(self) -> Path:
        """Lines of actor and learner."""
        return self.path / "metrics.jsonl"

    def file(self, name: str) -> Path:
        """A file that a stage leaves for the report."""
        return self.path / name

    @contextmanager
    def alone(self, role: str, patience_s: float = LOCK_PATIENCE_S) -> Iterator[None]:
        """Be the only ``role`` of this run; waits for one that is just ending. Raises StoreError."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / f".{role}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(
                descriptor, f"another {role} is at work in {self.path}: stop it, or choose another folder", patience_s
            )
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, fault: str, patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            if time.monotonic() > deadline_s:
                raise StoreError(fault) from cause
            time.sleep(0.05)
