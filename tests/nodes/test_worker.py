"""Work beside a node's executor: what it could not do at the end is told, and is the node's exit status."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from robolearn.episodes import EpisodeStore
from robolearn.learning.run_folder import RunFolder
from robolearn.nodes.base import BAD_INPUT, OK
from tests.autonomy.rig import base_policy, schema, settings
from tests.nodes.cells import CELL
from tests.nodes.processes import NodeProcess, eventually, own_network


@contextmanager
def learner(folder: Path, run: RunFolder) -> Iterator[NodeProcess]:
    """A learner at work, which saves nothing before its end."""
    base_policy().save(run.base)
    EpisodeStore.create(run.store, schema())
    config, _ = settings(folder, checkpoint_every_s="3600.0")
    with own_network(), NodeProcess(folder / "log", "learner_node", **CELL, run=run.path, config=config) as node:
        eventually(lambda: run.weights.is_dir() and any(run.weights.iterdir()), "a learner at work")
        yield node


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_a_learner_that_is_told_to_end_leaves_its_checkpoint(tmp_path: Path, run: RunFolder) -> None:
    with learner(tmp_path, run) as node:
        assert not run.checkpoint.exists()
        assert node.end(signal.SIGTERM) == OK, node.said()
    assert run.checkpoint.is_file()


def test_a_learner_that_cannot_save_at_its_end_says_so(tmp_path: Path, run: RunFolder) -> None:
    with learner(tmp_path, run) as node:
        run.checkpoint.mkdir(parents=True)  # a folder is not replaced by a file
        assert node.end(signal.SIGTERM) == BAD_INPUT, node.said()
    said = node.said()
    assert "learner_node cannot go on" in said and str(run.checkpoint) in said and "Make room" in said
    assert "Traceback" not in said
