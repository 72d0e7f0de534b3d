"""The success classifier keeps the rules of a reward model, and its judgement is that of its two lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from robolearn.contracts import Decision, Encoded, Float32
from robolearn.errors import BorderError, ModelError
from robolearn.rewards.classifier import ClassifierShape, SuccessClassifier, SuccessHead
from tests.contract.models import RewardModelContract, RewardRig

CAMERAS, FEATURES = ("front", "wrist"), 16
SHAPE = ClassifierShape(
    tower="none",
    cameras=CAMERAS,
    feature_dim=FEATURES,
    success_prompts=("the cube is in the bin", "the bin holds the cube"),
    failure_prompts=("the cube lies on the table", "the cube is in the gripper", "the bin is empty"),
    hidden=8,
    dropout=0.5,
    members=3,
    temperature=1.7,
    success_above=0.8,
    failure_below=0.3,
    version=4,
)


def classifier(shape: ClassifierShape = SHAPE, prompts: int = 0) -> SuccessClassifier:
    """A classifier with random weights of a fixed seed; ``prompts`` is the seed of its sentences."""
    sentences = len(shape.success_prompts) + len(shape.failure_prompts)
    features = np.random.default_rng(prompts).normal(size=(sentences, shape.feature_dim)).astype(np.float32)
    torch.manual_seed(0)
    return SuccessClassifier(
        shape, SuccessHead(shape, torch.from_numpy(features / np.linalg.norm(features, axis=1)[:, None]))
    )


def frames(count: int) -> Float32:
    """Random features (N, C, D)."""
    return np.random.default_rng(1).normal(size=(count, len(CAMERAS), FEATURES)).astype(np.float32)


class TestSuccessClassifier(RewardModelContract):
    """The shipped reward model."""

    def make(self) -> RewardRig:
        """Random weights, and an observation with four variants of each camera's features."""
        rng = np.random.default_rng(0)
        features = {camera: rng.normal(size=(4, FEATURES)).astype(np.float32) for camera in CAMERAS}
        return RewardRig(classifier(), Encoded(features, np.zeros(3, np.float32)))


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (0.0, Decision.FAILURE),
        (0.299, Decision.FAILURE),
        (0.3, Decision.ABSTAIN),
        (0.799, Decision.ABSTAIN),
        (0.8, Decision.SUCCESS),
        (1.0, Decision.SUCCESS),
    ],
)
def test_between_the_two_lines_it_abstains(probability: float, decision: Decision) -> None:
    assert classifier().decide(probability) is decision


def test_a_batch_is_judged_as_each_of_its_frames_alone() -> None:
    model, batch = classifier(), frames(6)
    alone = [
        model.judge(Encoded({camera: frame[i, None] for i, camera in enumerate(CAMERAS)}, np.zeros(3, np.float32)))
        for frame in batch
    ]
    np.testing.assert_allclose([verdict.probability for verdict in alone], model.probabilities(batch), atol=1e-6)
    assert len({verdict.probability for verdict in alone}) == len(batch)


def test_the_sentences_decide_what_the_same_head_sees() -> None:
    one, other = (classifier(prompts=seed).probabilities(frames(6)) for seed in (0, 1))
    assert np.abs(one - other).max() > 1e-3


def test_a_higher_temperature_makes_it_less_sure() -> None:
    cold, hot = (classifier(replace(SHAPE, temperature=t)).probabilities(frames(6)) for t in (0.5, 5.0))
    assert (np.abs(hot - 0.5) < np.abs(cold - 0.5)).all() and ((hot > 0.5) == (cold > 0.5)).all()


def test_only_the_direction_of_the_features_matters_not_their_length() -> None:
    model = classifier()
    np.testing.assert_allclose(model.probabilities(frames(6)), model.probabilities(3 * frames(6)), atol=1e-5)


def test_what_was_saved_judges_alike_after_loading(tmp_path: Path) -> None:
    saved = classifier()
    saved.save(tmp_path)
    loaded = SuccessClassifier.load(tmp_path)
    assert loaded.shape == saved.shape
    np.testing.assert_array_equal(loaded.probabilities(frames(6)), saved.probabilities(frames(6)))


def test_a_missing_or_damaged_file_names_the_command_that_makes_it_anew(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="robolearn train reward"):
        SuccessClassifier.load(tmp_path)
    classifier().save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(ModelError, match="is damaged.*robolearn train reward"):
        SuccessClassifier.load(tmp_path)


@pytest.mark.parametrize("shape", [(6, 1, FEATURES), (6, len(CAMERAS), FEATURES + 1), (FEATURES,)])
def test_a_batch_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BorderError, match="reward model: expected finite features of shape"):
        classifier().probabilities(np.zeros(shape, np.float32))
