"""``metrics.jsonl``: one line of JSON for each practice episode and, now and then, for the learner's updates."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class MetricsLog:
    """Appends lines; several processes may write the same file, and a kill tears at most one line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lead = b"" if _ends_a_line(path) else b"\n"

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line. Raises OSError, and ValueError for NaN or infinity."""
        line = self._lead + json.dumps({"kind": kind, **values}, allow_nan=False).encode() + b"\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
        self._lead = b""


def _ends_a_line(path: Path) -> bool:
    """False if the last writer was killed in the middle of its line."""
    if not path.is_file() or path.stat().st_size == 0:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
