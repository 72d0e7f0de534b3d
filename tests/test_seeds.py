"""Seeds of different purposes never meet."""

from __future__ import annotations

import itertools

import pytest

from robolearn import seeds
from robolearn.errors import ConfigError
from sim.pictures import FIRST_SEED

RANGES = (seeds.DEMOS, seeds.PRACTICE, seeds.EVALUATION, seeds.REWARD_BENCH)


def test_no_seed_serves_two_purposes_nor_trains_the_tower() -> None:
    ordered = sorted(RANGES, key=lambda one: one.first)
    assert all(former.stop <= later.first for former, later in itertools.pairwise(ordered))
    assert ordered[0].first >= 0 and ordered[-1].stop <= FIRST_SEED


def test_training_seeds_share_held_out_resets_and_nothing_else() -> None:
    assert seeds.DEMOS.seed(9_999, run_seed=0) + 1 == seeds.DEMOS.seed(0, run_seed=1)
    assert seeds.PRACTICE.seed(5, run_seed=2) != seeds.PRACTICE.seed(5, run_seed=1)
    assert seeds.EVALUATION.seed(99) == 1_000_000_099


@pytest.mark.parametrize(("index", "run_seed"), [(10_000, 0), (-1, 0), (0, 10_000), (0, -1)])
def test_a_number_outside_its_range_is_refused(index: int, run_seed: int) -> None:
    with pytest.raises(ConfigError, match="demonstrations|seed"):
        seeds.DEMOS.seed(index, run_seed)
