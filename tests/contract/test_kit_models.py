"""The kit for reward models and policies passes honest ones and fails those that break a rule."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.contracts import Action, ArraySpec, Decision, Encoded, Float, Float32, Verdict
from tests.contract.models import PolicyContract, PolicyRig, RewardModelContract, RewardRig

CAMERAS, WIDTH, PROPRIO, ACTIONS, CHUNK = ("front", "wrist"), 12, 7, 5, 8
NAN = float("nan")
ENCODED = Encoded(
    {name: np.random.default_rng(i).normal(size=(4, WIDTH)).astype(np.float32) for i, name in enumerate(CAMERAS)},
    np.linspace(-1.0, 1.0, PROPRIO, dtype=np.float32),
)
FEATURES = ArraySpec.of("features", "1", np.full((1, WIDTH), -np.inf), np.inf)
FEELING = ArraySpec.of("proprio", "1", np.full(PROPRIO, -np.inf), np.inf)


def seen(encoded: Encoded) -> Float:
    """Variant 0 of every camera, checked and joined."""
    rows = [encoded.features.get(name, np.zeros((1, 0), np.float32)) for name in CAMERAS]
    return np.concatenate([FEATURES.check(row[:1])[0] for row in rows])


class LinearReward:
    """Logistic regression on the features."""

    weights = np.random.default_rng(9).normal(size=WIDTH * len(CAMERAS))

    def judge(self, encoded: Encoded) -> Verdict:
        """Judge variant 0."""
        probability = float(1.0 / (1.0 + np.exp(-self.weights @ self.look(encoded))))
        return Verdict(probability, Decision.SUCCESS if probability > 0.5 else Decision.FAILURE)

    def look(self, encoded: Encoded) -> Float:
        """The checked features."""
        return seen(encoded)


class CredulousReward(LinearReward):
    """Judges whatever it gets."""

    def look(self, encoded: Encoded) -> Float:
        """Replace what is not finite."""
        return seen(Encoded({k: np.nan_to_num(v) for k, v in encoded.features.items()}, encoded.proprio))


class MoodyReward(LinearReward):
    """Never says the same twice."""

    def look(self, encoded: Encoded) -> Float:
        """Grow by each look."""
        self.weights = self.weights * 0.9
        return seen(encoded)


class LogitReward(LinearReward):
    """Returns something that is no probability."""

    def judge(self, encoded: Encoded) -> Verdict:
        """The logit."""
        return Verdict(50.0 + float(self.weights @ self.look(encoded)), Decision.SUCCESS)


class SwayedReward(LinearReward):
    """Averages over augmented variants."""

    def look(self, encoded: Encoded) -> Float:
        """The mean."""
        seen(encoded)
        return np.concatenate([encoded.features[name].mean(axis=0) for name in CAMERAS]).astype(float)


class ChunkPolicy:
    """Plans some actions at once from what it sees, and plays them."""

    weights = np.random.default_rng(8).normal(size=(CHUNK * ACTIONS, WIDTH * len(CAMERAS) + PROPRIO))

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the chunk."""
        self._chunk: list[Float32] = []

    def act(self, encoded: Encoded) -> Action:
        """The next action of the chunk."""
        inputs = self.look(encoded)
        if not self._chunk:
            planned = np.tanh(self.weights @ inputs).reshape(CHUNK, ACTIONS).astype(np.float32)
            self._chunk = list(planned)
        return Action(self._chunk.pop(0))

    def look(self, encoded: Encoded) -> Float:
        """Everything, checked."""
        return np.concatenate([seen(encoded), FEELING.check(encoded.proprio)])


class InattentivePolicy(ChunkPolicy):
    """Looks only where a chunk begins."""

    def look(self, encoded: Encoded) -> Float:
        """Check only then."""
        return super().look(ENCODED if self._chunk else encoded)


class RememberingPolicy(ChunkPolicy):
    """Goes on with the last episode's chunk."""

    def reset(self) -> None:
        """Keep what is there."""
        self._chunk = getattr(self, "_chunk", [])


class WildPolicy(ChunkPolicy):
    """Leaves the range."""

    def act(self, encoded: Encoded) -> Action:
        """Twice as much."""
        return Action(super().act(encoded).values * 4.0)


class FeelsNothing(ChunkPolicy):
    """Does not check what it feels."""

    def look(self, encoded: Encoded) -> Float:
        """Replace what is not finite."""
        return super().look(encoded._replace(proprio=np.nan_to_num(encoded.proprio)))


class TestLinearReward(RewardModelContract):
    """The honest reward model passes the kit."""

    def make(self) -> RewardRig:
        """A new model."""
        return RewardRig(LinearReward(), ENCODED)


class TestChunkPolicy(PolicyContract):
    """The honest policy passes the kit."""

    def make(self) -> PolicyRig:
        """A new policy."""
        return PolicyRig(ChunkPolicy(), ENCODED, ACTIONS)


@pytest.mark.parametrize(
    ("kind", "rule", "arguments"),
    [
        (CredulousReward, "test_features_that_are_not_finite_are_refused", (NAN,)),
        (MoodyReward, "test_the_same_sight_gets_the_same_verdict", ()),
        (LogitReward, "test_the_verdict_is_a_probability_and_a_decision", ()),
        (SwayedReward, "test_augmented_variants_do_not_sway_the_verdict", ()),
    ],
)
def test_a_broken_reward_model_fails_the_rule_it_breaks(
    kind: type[LinearReward], rule: str, arguments: tuple[float, ...]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(TestLinearReward(), rule)(RewardRig(kind(), ENCODED), *arguments)


@pytest.mark.parametrize(
    ("kind", "rule", "arguments"),
    [
        (InattentivePolicy, "test_input_is_checked_at_every_tick_of_a_chunk", (NAN,)),
        (RememberingPolicy, "test_an_episode_can_be_repeated_after_reset", ()),
        (WildPolicy, "test_actions_are_float32_of_the_stated_size_finite_and_in_range", ()),
        (FeelsNothing, "test_input_that_is_not_finite_is_refused", (NAN,)),
    ],
)
def test_a_broken_policy_fails_the_rule_it_breaks(
    kind: type[ChunkPolicy], rule: str, arguments: tuple[float, ...]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(TestChunkPolicy(), rule)(PolicyRig(kind(), ENCODED, ACTIONS), *arguments)
