"""Small runs for the tests of the learner: a store of random episodes, a base policy, and the learner on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from robolearn.contracts import Decision, Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, Source
from robolearn.learning.__main__ import make_learner
from robolearn.learning.learner import Learner
from robolearn.learning.run_folder import RunFolder
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape
from tests.autonomy.rig import settings
from tests.episodes.makers import SCHEMA, info, row

SHAPE = ChunkShape(
    tower="abc123", cameras=("front", "wrist"), feature_dim=8, proprio_dim=4, readout_dim=5, action_dim=3,
    horizon=4, execute=2, hidden=(16,), dropout=0.0,
)  # fmt: skip


def make_run(folder: Path, demos: int = 2) -> RunFolder:
    """A run with ``demos`` demonstrations of 20 steps and a base policy."""
    run = RunFolder(folder / "run")
    store = EpisodeStore.create(run.store, SCHEMA)
    for number in range(demos):
        with store.begin(info(EpisodeKind.DEMO)) as writer:
            for index in range(20):
                writer.append(row(100 * number + index, source=Source.DEMO, base=False))
            writer.end(Ending.SUCCESS, last=row(100 * number + 20, last=True, base=False), label=True)
    torch.manual_seed(0)
    network = ChunkNetwork(SHAPE)
    network.senses.readout.normal_()
    ChunkPolicy(network).save(run.base)
    return run


def add_practice(run: RunFolder, rows: int, first: int = 1000) -> None:
    """One practice episode of ``rows`` rows on the run's first base policy, that ends in success."""
    drawn = [row(first + index) for index in range(rows - 1)]
    drawn.append(row(first + rows - 1, last=True, decision=Decision.SUCCESS))
    features = np.array([[one.features[camera][0] for camera in SHAPE.cameras] for one in drawn], np.float16)
    proprio = np.array([one.proprio for one in drawn])
    proposed = ChunkPolicy.load(run.base).propose(features.astype(np.float32), proprio)
    *steps, last = (replace(one, base_action=action) for one, action in zip(drawn, proposed, strict=True))
    with EpisodeStore.open(run.store).begin(info()) as writer:
        for step in steps:
            writer.append(step)
        writer.end(Ending.SUCCESS, last=last)


def learner_of(run: RunFolder, **changes: str) -> Learner:
    """The learner of a run, as its process makes it."""
    _, config = settings(run.path, **changes)
    return make_learner(run, config, seed=0)
