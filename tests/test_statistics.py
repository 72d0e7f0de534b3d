"""The interval of a success rate is Wilson's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from robolearn.statistics import wilson


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 100), (95, 100), (100, 100), (3, 7), (1, 5000)])
def test_the_interval_is_that_of_scipy(successes: int, trials: int, confidence: float) -> None:
    reference = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_it_covers_the_true_rate_about_as_often_as_it_says() -> None:
    counts = np.random.default_rng(0).binomial(100, 0.95, size=4000)
    intervals = [wilson(int(count), 100) for count in counts]
    covered = np.mean([interval.low <= 0.95 <= interval.high for interval in intervals])
    assert 0.93 <= covered <= 0.98


def test_no_trials_say_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)])
def test_impossible_counts_are_refused(successes: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError):
        wilson(successes, trials, confidence)
