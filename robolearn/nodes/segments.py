"""Shared memory that killed processes have left behind: nobody else takes it away, 35 MB for each, until a restart.

Whoever owns a segment of Fast DDS holds the lock of a file beside it for as long as it lives; ``fastdds shm clean``,
which is not part of its packages for Python, goes by the same."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from robolearn.locks import is_let_go

FOLDER = Path("/dev/shm")
LOCKS = "fastdds_" + 16 * "[0-9a-f]" + "_el"  # ports have other names, and are taken over by the next who needs them
SETTLED_S = 10.0  # an owner that has only just begun may not hold its lock yet


def sweep(folder: Path = FOLDER) -> None:
    """Remove the segments in ``folder`` whose owners are no more; those of other users, who alone may, stay."""
    for lock in folder.glob(LOCKS):
        with suppress(OSError):
            if time.time() - lock.stat().st_mtime > SETTLED_S and is_let_go(lock):
                lock.with_name(lock.name.removesuffix("_el")).unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
