"""A file is replaced whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from robolearn import atomic

BLOCK = 1 << 20


def write_for_ever(path: Path) -> None:
    """Write blocks of one repeated byte until killed."""
    number = 0
    while True:
        atomic.write_bytes(path, bytes([number % 256]) * BLOCK)
        number += 1


def test_what_is_written_is_read_back_and_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "weights.bin"
    atomic.write_bytes(path, b"first")
    atomic.write_bytes(path, b"second")
    assert path.read_bytes() == b"second"
    assert [entry.name for entry in path.parent.iterdir()] == ["weights.bin"]


def test_text_is_utf8_and_json_reads_back(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "a.txt", "Würfel")
    assert (tmp_path / "a.txt").read_bytes() == "Würfel".encode()
    atomic.write_json(tmp_path / "a.json", {"success": 0.5, "seeds": [1, 2]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"success": 0.5, "seeds": [1, 2]}


def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    atomic.write_json(tmp_path / "a.json", {"success": 1.0})
    with pytest.raises(ValueError):
        atomic.write_json(tmp_path / "a.json", {"success": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"success": 1.0}


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        atomic.write_bytes(tmp_path / "taken", b"a folder is in the way")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_killing_the_writer_never_leaves_a_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    atomic.write_bytes(path, bytes([255]) * BLOCK)
    for kill in range(5):
        writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(path,))
        before = path.stat().st_mtime_ns
        writer.start()
        while path.stat().st_mtime_ns == before:
            time.sleep(0.005)
        time.sleep(0.003 * kill)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        content = path.read_bytes()
        assert len(content) == BLOCK and len(set(content)) == 1
