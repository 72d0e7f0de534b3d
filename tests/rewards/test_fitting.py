"""The classifier is fitted on demonstrations: their last frames show success, whole episodes are held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.contracts import Decision, Encoded, Float32
from robolearn.episodes.demos import Demo
from robolearn.errors import BorderError, ModelError, StoreError
from robolearn.learning.config import load_learning
from robolearn.rewards.classifier import ClassifierShape, SuccessClassifier
from robolearn.rewards.fitting import Fitted, fit, label_frames
from robolearn.rewards.settings import RewardSettings

CAMERAS, VARIANTS, DIM = 2, 3, 6
SETTINGS = replace(load_learning("residual").reward.read(RewardSettings), steps=200, batch=32, hidden=16)
PROMPTS = np.eye(DIM, dtype=np.float32)[:2]
SHAPE = ClassifierShape(
    "tower", ("front", "wrist"), DIM, ("done",), ("not yet",), hidden=SETTINGS.hidden, dropout=0.0, members=2,
    temperature=1.0, success_above=0.5, failure_below=0.5, version=1,
)  # fmt: skip


def demo(number: int, succeeded: bool = True, rows: int = 30) -> Demo:
    """An episode whose features turn from "not yet" to "done" over its last frames, if it succeeds."""
    rng = np.random.default_rng(number)
    done = np.arange(rows) >= rows - SETTINGS.success_frames if succeeded else np.zeros(rows, bool)
    features = rng.normal(0.0, 0.25, (rows, CAMERAS, VARIANTS, DIM)).astype(np.float32)
    features[done, ..., 0] += 1.0
    features[~done, ..., 1] += 1.0
    return Demo(f"demo{number}", succeeded, features, np.zeros((rows, 4), np.float32), np.zeros((rows - 1, 5), "f4"))


def fitted(demos: list[Demo], seed: int = 0) -> Fitted:
    return fit(demos, SHAPE, PROMPTS, SETTINGS, seed, lambda step, loss: None)


@pytest.fixture(scope="module")
def good() -> Fitted:
    return fitted([demo(number) for number in range(10)])


def features_of(episode: Demo) -> Float32:
    return episode.features[:, :, 0]


def test_the_last_frames_of_a_success_show_it_and_those_before_are_left_out() -> None:
    frames = label_frames([demo(0), demo(1, succeeded=False)], SETTINGS)
    unsure = SETTINGS.unsure_frames
    assert int(frames.success.sum()) == SETTINGS.success_frames
    assert len(frames.success) == 60 - unsure
    shown = frames.features[frames.success]
    np.testing.assert_array_equal(shown, demo(0).features[-SETTINGS.success_frames :])
    assert (shown[..., 0].mean(axis=(1, 2)) > 0.5).all()


@pytest.mark.parametrize("rows", [2, 4, SETTINGS.success_frames, SETTINGS.success_frames + SETTINGS.unsure_frames])
def test_a_success_shorter_than_what_shows_it_is_all_success(rows: int) -> None:
    short, failure = demo(0, rows=rows), demo(1, succeeded=False)
    frames = label_frames([short, failure], SETTINGS)
    shown = min(rows, SETTINGS.success_frames)
    assert len(frames.features) == len(frames.success) == shown + len(failure.features)
    np.testing.assert_array_equal(frames.features[frames.success], short.features[-shown:])


def test_short_successes_are_learned_from_beside_failures() -> None:
    demos = [demo(number, rows=4) for number in range(4)] + [demo(number, succeeded=False) for number in range(5, 9)]
    found = fit(demos, SHAPE, PROMPTS, replace(SETTINGS, steps=60), 0, ignore).classifier
    probability = found.probabilities(features_of(demo(99)))
    assert probability[-SETTINGS.success_frames :].min() > probability[: -SETTINGS.success_frames].max()


def test_demonstrations_that_show_nothing_but_success_are_refused() -> None:
    with pytest.raises(StoreError, match="nothing but success.*robolearn record"):
        fitted([demo(number, rows=4) for number in range(4)])


def test_it_learns_what_success_looks_like(good: Fitted) -> None:
    fresh = demo(99)
    probability = good.classifier.probabilities(features_of(fresh))
    line = good.classifier.shape.success_above
    assert (probability[-SETTINGS.success_frames :] >= line).mean() > 0.8
    assert not (probability[: -SETTINGS.success_frames] >= line).any()
    assert good.held_out.fpr is not None and good.held_out.fpr <= 0.02


def test_the_same_seed_fits_the_same_classifier(good: Fitted) -> None:
    again = fitted([demo(number) for number in range(10)])
    np.testing.assert_array_equal(
        again.classifier.probabilities(features_of(demo(7))), good.classifier.probabilities(features_of(demo(7)))
    )
    assert again.held_out == good.held_out


@pytest.mark.parametrize("successes", [0, 1])
def test_too_few_successful_demonstrations_are_refused(successes: int) -> None:
    demos = [demo(number) for number in range(successes)] + [demo(number, succeeded=False) for number in range(5, 9)]
    with pytest.raises(StoreError, match=f"{successes} demonstration.*robolearn record"):
        fitted(demos)


def test_between_its_lines_it_abstains(good: Fitted) -> None:
    lines = SuccessClassifier(
        replace(good.classifier.shape, success_above=0.8, failure_below=0.3), good.classifier._head
    )
    told = [lines.decide(probability) for probability in (0.9, 0.8, 0.79, 0.3, 0.29)]
    assert told == [Decision.SUCCESS, Decision.SUCCESS, Decision.ABSTAIN, Decision.ABSTAIN, Decision.FAILURE]


def test_it_judges_the_untouched_variant_alone(good: Fitted) -> None:
    seen = demo(3).features[-1]
    spoilt = seen.copy()
    spoilt[:, 1:] = 1e3
    verdicts = [
        good.classifier.judge(Encoded({"front": one[0], "wrist": one[1]}, np.zeros(4, np.float32)))
        for one in (seen, spoilt)
    ]
    assert verdicts[0] == verdicts[1]


def test_other_sentences_make_another_classifier(good: Fitted) -> None:
    swapped = fit([demo(n) for n in range(10)], SHAPE, PROMPTS[::-1].copy(), replace(SETTINGS, steps=1), 0, ignore)
    plain = fit([demo(n) for n in range(10)], SHAPE, PROMPTS, replace(SETTINGS, steps=1), 0, ignore)
    frames = features_of(demo(4))
    assert not np.allclose(swapped.classifier.probabilities(frames), plain.classifier.probabilities(frames))


def ignore(step: int, loss: float) -> None:
    """Nobody watches."""


@pytest.mark.parametrize(
    "bad",
    [np.zeros((3, 2, DIM + 1)), np.zeros((3, 1, DIM)), np.full((3, 2, DIM), np.nan)],
    ids=["dim", "camera", "nan"],
)
def test_features_that_do_not_fit_are_refused(good: Fitted, bad: Float32) -> None:
    with pytest.raises(BorderError, match="reward model"):
        good.classifier.probabilities(bad.astype(np.float32))


def test_it_comes_back_from_disk_as_it_was(good: Fitted, tmp_path: Path) -> None:
    good.classifier.save(tmp_path / "reward")
    back = SuccessClassifier.load(tmp_path / "reward")
    assert back.shape == good.classifier.shape
    frames = features_of(demo(5))
    np.testing.assert_array_equal(back.probabilities(frames), good.classifier.probabilities(frames))


def test_without_weights_it_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="robolearn train reward"):
        SuccessClassifier.load(tmp_path)
