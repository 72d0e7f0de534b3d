"""How far a learner is, for everybody who wants to know: a small file that it replaces several times a second."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from robolearn.episodes.chunks import write_atomic


@dataclass(frozen=True)
class LearnerProgress:
    """``beat`` grows with every writing: one that stands still means that nobody learns."""

    updates: int
    practice_steps: int  # that it has taken in
    version: int  # of the weights it published last
    beat: int

    def write(self, path: Path) -> None:
        """Replace the file at ``path``. Raises OSError."""
        write_atomic(path, [json.dumps(asdict(self)).encode()])


def read_progress(path: Path) -> LearnerProgress | None:
    """What the learner said last; None if it never did."""
    try:
        return LearnerProgress(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
