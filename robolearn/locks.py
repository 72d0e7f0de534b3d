"""Locks (flock) by which a process shows that it lives: the kernel takes them away with it, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def is_let_go(path: Path) -> bool:
    """True if nobody holds the lock of a file or folder for itself. Raises OSError if it cannot be opened."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
