"""A lock shows whether its holder lives."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robolearn.locks import is_let_go

HOLD = (
    "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); print(flush=True); input()"
)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_lock_goes_with_its_holder_even_if_that_is_killed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "locked"
    path.touch() if kind == "file" else path.mkdir()
    assert is_let_go(path)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert not is_let_go(path)
        holder.kill()
        holder.wait()
        assert is_let_go(path)


def test_looking_leaves_no_lock_behind(tmp_path: Path) -> None:
    assert is_let_go(tmp_path)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not is_let_go(tmp_path)
    os.close(descriptor)
