"""The figures of a classifier are those of a hand calculation, and its lines lie where they were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.rewards.quality import calibrate_temperature, calibration_bins, choose_thresholds, quality

PROBABILITY = np.array([0.95, 0.90, 0.85, 0.55, 0.35, 0.97, 0.60, 0.10, 0.05, 0.02], np.float32)
SUCCESS = np.array([True, True, True, True, True, False, False, False, False, False])


def test_figures_are_those_of_a_hand_calculation() -> None:
    found = quality(PROBABILITY, SUCCESS, above=0.8, below=0.4)
    assert found.confusion == ((4, 1), (2, 3))
    assert (found.precision, found.recall, found.fpr) == (3 / 4, 3 / 5, 1 / 5)
    assert (found.abstained, found.abstain) == (2, 0.2)
    assert (found.threshold_low, found.threshold_high) == (0.4, 0.8)


def test_a_probability_on_the_line_counts_as_success() -> None:
    assert quality(np.array([0.8], np.float32), np.array([True]), float(np.float32(0.8)), 0.4).recall == 1.0


def test_what_cannot_be_said_is_none() -> None:
    nothing_said = quality(np.array([0.1, 0.2], np.float32), np.array([True, True]), 0.8, 0.4)
    assert (nothing_said.precision, nothing_said.recall, nothing_said.fpr) == (None, 0.0, None)
    assert quality(np.array([0.1], np.float32), np.array([False]), 0.8, 0.4).recall is None


def test_calibration_bins_compare_what_was_said_with_what_was_so() -> None:
    bins = calibration_bins(PROBABILITY, SUCCESS)
    assert sum(entry.count for entry in bins) == len(PROBABILITY)
    top = bins[-1]
    assert (top.bin_low, top.bin_high, top.count) == pytest.approx((0.9, 1.0, 3))
    assert top.success_rate == pytest.approx(2 / 3) and top.mean_probability == pytest.approx((0.95 + 0.9 + 0.97) / 3)
    assert calibration_bins(np.ones(2, np.float32), np.array([True, True]))[0].count == 2


@pytest.mark.parametrize("true_temperature", [1.0, 4.0])
def test_the_temperature_of_the_data_is_found_and_makes_them_likelier(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logit = rng.normal(0.0, 3.0, 20_000)
    success = rng.random(len(logit)) < 1 / (1 + np.exp(-logit / true_temperature))
    said = (1 / (1 + np.exp(-logit))).astype(np.float32)
    found = calibrate_temperature(said, success)
    assert found == pytest.approx(true_temperature, rel=0.1)
    assert nll(logit / found, success) <= nll(logit, success) + 1e-9


def test_separable_frames_do_not_make_it_surer_than_it_was() -> None:
    said, success = np.array([0.2, 0.3, 0.7, 0.8], np.float32), np.array([False, False, True, True])
    assert calibrate_temperature(said, success) == pytest.approx(1.0, abs=1e-3)


def nll(logit: np.ndarray, success: np.ndarray) -> float:
    """Mean negative log-likelihood."""
    return float(np.logaddexp(0.0, np.where(success, -logit, logit)).mean())


@pytest.mark.parametrize("max_fpr", [0.0, 0.01, 0.05])
def test_no_more_failing_frames_pass_than_allowed(max_fpr: float) -> None:
    rng = np.random.default_rng(1)
    negatives = rng.beta(1, 6, 2000).astype(np.float32)
    positives = rng.beta(12, 1, 400).astype(np.float32)
    above, below = choose_thresholds(negatives, positives, max_fpr)
    assert (negatives >= above).mean() <= max_fpr
    assert (positives >= above).mean() >= 0.5
    assert below <= 0.5 <= above
    assert (positives < below).mean() <= 0.011


def mixed(*parts: tuple[float, int]) -> np.ndarray:
    """So many frames of each probability."""
    return np.repeat([value for value, _ in parts], [count for _, count in parts]).astype(np.float32)


@pytest.mark.parametrize(("max_fpr", "passing", "recall"), [(0.0, 0.0, 0.9), (0.002, 0.0, 0.9), (0.06, 0.05, 1.0)])
def test_doubtful_successes_do_not_pull_the_line_below_what_is_allowed(
    max_fpr: float, passing: float, recall: float
) -> None:
    negatives, positives = mixed((0.05, 950), (0.93, 50)), mixed((0.6, 10), (0.97, 90))
    above, below = choose_thresholds(negatives, positives, max_fpr)
    found = quality(np.concatenate([negatives, positives]), np.arange(1100) >= 1000, above, below)
    assert (found.fpr, found.recall) == (passing, recall)


@pytest.mark.parametrize("worst", [0.7, 0.999, 1.0])
def test_what_cannot_be_told_from_failure_is_missed(worst: float) -> None:
    """The worst failing frame lies above all successes, even where the next number is above 1."""
    negatives, positives = mixed((0.1, 99), (worst, 1)), mixed((0.65, 50))
    above, below = choose_thresholds(negatives, positives, 0.0)
    assert not (negatives >= above).any() and not (positives >= above).any()
    assert below <= 0.5


def test_a_looser_bound_never_raises_the_line() -> None:
    rng = np.random.default_rng(2)
    negatives, positives = rng.beta(1, 3, 1000).astype(np.float32), rng.beta(5, 1, 300).astype(np.float32)
    lines = [choose_thresholds(negatives, positives, max_fpr)[0] for max_fpr in (0.0, 0.02, 0.1, 0.5)]
    assert lines == sorted(lines, reverse=True)
    assert all(0.5 <= line <= 1.0 for line in lines)
