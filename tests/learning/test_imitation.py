"""The base policy is cloned anew as successes add up, once more at the end, and never without a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from robolearn.episodes import EpisodeStore, ReplayBuffer
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.imitation import Imitation
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.settings import ImitationSettings
from robolearn.learning.shapes import residual_shape
from robolearn.policies.chunk import ChunkPolicy
from tests.autonomy.rig import settings
from tests.learning.runs import add_practice, make_run

DEMOS = 2


class Bench:
    """A run whose successes are counted by hand."""

    def __init__(self, run: RunFolder, growth: float = 0.5) -> None:
        _, config = settings(run.path)
        self.run, self.store = run, EpisodeStore.open(run.store)
        base = ChunkPolicy.load(run.base)
        self.agent = ResidualAgent(residual_shape(base.shape, config.residual), base, config.residual, seed=0)
        wanted = ImitationSettings(growth, steps=2)
        self.imitation = Imitation(self.agent, config.cloning, wanted, seed=0)

    def weights(self) -> np.ndarray:
        """All parameters of the base policy."""
        return torch.nn.utils.parameters_to_vector(self.agent.base.network.parameters()).detach().numpy().copy()

    def imitate(self, last: bool = False) -> bool:
        """Offer it all that the store holds."""
        buffer = ReplayBuffer(self.store.schema)
        for piece in self.store.tail(None)[0]:
            buffer.add(piece)
        return self.imitation.imitate(buffer, last)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(make_run(tmp_path, DEMOS))


def test_it_clones_when_successes_have_grown_by_the_set_share(bench: Bench) -> None:
    before = bench.weights()
    assert not bench.imitate()  # the base has been cloned from these
    assert np.array_equal(bench.weights(), before)
    add_practice(bench.run, rows=12)
    assert bench.imitate()
    assert bench.agent.imitated == DEMOS + 1
    assert not np.array_equal(bench.weights(), before)
    add_practice(bench.run, rows=12)
    assert not bench.imitate()  # 4 are less than half as many again as 3


def test_the_last_time_any_new_success_is_enough(bench: Bench) -> None:
    assert not bench.imitate(last=True)
    add_practice(bench.run, rows=12)
    assert bench.imitate()
    add_practice(bench.run, rows=12)
    assert bench.imitate(last=True)
    assert not bench.imitate(last=True)


def test_what_was_cloned_before_does_not_matter(bench: Bench, tmp_path: Path) -> None:
    """It begins from nothing: two bases that differ become the same one."""
    other = Bench(bench.run)
    with torch.no_grad():
        for parameter in other.agent.base.network.parameters():
            parameter.add_(1.0)
    for each in (bench, other):
        each.imitate()
    add_practice(bench.run, rows=12)
    assert bench.imitate() and other.imitate()
    assert np.array_equal(bench.weights(), other.weights())


def test_without_growth_the_base_stays_as_it_was_cloned(tmp_path: Path) -> None:
    bench = Bench(make_run(tmp_path, DEMOS), growth=0.0)
    add_practice(bench.run, rows=12)
    assert not bench.imitate()
    assert not bench.imitate(last=True)
