"""Shared memory is given back: by a node that ends, and, once it was killed, by whoever joins the graph next."""

from __future__ import annotations

import os
import re
import signal
from contextlib import closing
from pathlib import Path

import pytest

from robolearn.nodes import segments
from robolearn.nodes.link import Link
from tests.nodes.processes import NodeProcess, eventually, own_network

SEGMENT = re.compile(r"/dev/shm/(fastdds_[0-9a-f]{16})\b")


def held_by(pid: int) -> set[Path]:
    """The segments that a process has in its memory, others' that it reads among them."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return {segments.FOLDER / name for name in SEGMENT.findall(maps)}


def lock_of(segment: Path) -> Path:
    """The file beside it, whose lock its owner holds."""
    return segment.with_name(f"{segment.name}_el")


@pytest.mark.parametrize("name", ["supervisor_node", "twin_node"])
def test_a_node_that_ends_leaves_none(tmp_path: Path, name: str) -> None:
    parameters = {} if name == "supervisor_node" else {"station": "so101_twin", "task": "cube_in_bin"}
    with own_network(), NodeProcess(tmp_path / "log", name, **parameters) as node:
        held = eventually(lambda: held_by(node.process.pid), "its segments")
        node.end(signal.SIGTERM)
    assert not [segment for segment in held if segment.exists() or lock_of(segment).exists()]


def test_those_of_a_killed_node_are_swept_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    with own_network(), closing(Link("living")), NodeProcess(tmp_path / "log", "supervisor_node") as node:
        mine = held_by(os.getpid())
        held = eventually(lambda: held_by(node.process.pid), "its segments") - mine
        node.end(signal.SIGKILL)
        assert held
        assert all(segment.exists() for segment in held)
        segments.sweep()
        assert all(segment.exists() for segment in held), "too young to tell"
        for segment in (*held, *mine):
            os.utime(lock_of(segment), (0, 0))
        segments.sweep()
        assert not any(segment.exists() or lock_of(segment).exists() for segment in held)
        assert all(segment.exists() for segment in mine)
