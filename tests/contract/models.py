"""What every RewardModel and every Policy keeps. Inherit the contract and say how one is made."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest

from robolearn.contracts import Decision, Encoded, Policy, RewardModel
from robolearn.errors import BorderError

NOT_FINITE = (float("nan"), float("inf"), float("-inf"))


class RewardRig(NamedTuple):
    """A reward model and what an encoder would hand it."""

    model: RewardModel
    encoded: Encoded


class PolicyRig(NamedTuple):
    """A policy, what an encoder would hand it, and the size of its actions."""

    policy: Policy
    encoded: Encoded
    action_size: int


def spoiled(encoded: Encoded, bad: float) -> Iterator[Encoded]:
    """``encoded`` with one number of one part, in turn, made ``bad``: variant 0 of features."""
    for camera, features in encoded.features.items():
        copy = features.copy()
        copy[0, -1] = bad
        yield encoded._replace(features={**encoded.features, camera: copy})


def misshapen(encoded: Encoded) -> Iterator[Encoded]:
    """``encoded`` with the features of one camera, in turn, of another shape or missing."""
    for camera, features in encoded.features.items():
        for wrong in (features[:, :-1], np.repeat(features, 2, axis=1), features[0], features[:0]):
            yield encoded._replace(features={**encoded.features, camera: wrong})
        others = {name: kept for name, kept in encoded.features.items() if name != camera}
        yield encoded._replace(features=others)


def assert_refused(judge: Callable[[Encoded], object], cases: Iterator[Encoded]) -> None:
    """Each case raises BorderError, and there is at least one."""
    count = 0
    for case in cases:
        with pytest.raises(BorderError):
            judge(case)
        count += 1
    assert count > 0


class RewardModelContract(ABC):
    """The rules of a reward model, as tests."""

    @abstractmethod
    def make(self) -> RewardRig:
        """A model that is ready to judge, and a valid input."""

    @pytest.fixture
    def rig(self) -> RewardRig:
        """The model under test."""
        return self.make()

    def test_it_is_a_reward_model(self, rig: RewardRig) -> None:
        assert isinstance(rig.model, RewardModel)

    def test_the_verdict_is_a_probability_and_a_decision(self, rig: RewardRig) -> None:
        verdict = rig.model.judge(rig.encoded)
        assert math.isfinite(verdict.probability) and 0.0 <= verdict.probability <= 1.0
        assert isinstance(verdict.decision, Decision)

    def test_the_same_sight_gets_the_same_verdict(self, rig: RewardRig) -> None:
        assert rig.model.judge(rig.encoded) == rig.model.judge(rig.encoded)

    def test_judging_does_not_change_its_input(self, rig: RewardRig) -> None:
        kept = {name: features.copy() for name, features in rig.encoded.features.items()}
        rig.model.judge(rig.encoded)
        for name, features in rig.encoded.features.items():
            np.testing.assert_array_equal(features, kept[name])

    def test_augmented_variants_do_not_sway_the_verdict(self, rig: RewardRig) -> None:
        first = {name: features[:1] for name, features in rig.encoded.features.items()}
        alone = rig.model.judge(rig.encoded._replace(features=first))
        assert alone.probability == pytest.approx(rig.model.judge(rig.encoded).probability, abs=1e-5)

    @pytest.mark.parametrize("bad", NOT_FINITE)
    def test_features_that_are_not_finite_are_refused(self, rig: RewardRig, bad: float) -> None:
        assert_refused(rig.model.judge, spoiled(rig.encoded, bad))

    def test_features_of_another_shape_or_a_missing_camera_are_refused(self, rig: RewardRig) -> None:
        assert_refused(rig.model.judge, misshapen(rig.encoded))


class PolicyContract(ABC):
    """The rules of a policy, as tests. ``ticks`` is more than an action chunk is long."""

    ticks = 25

    @abstractmethod
    def make(self) -> PolicyRig:
        """A policy that acts deterministically, and a valid input."""

    @pytest.fixture
    def rig(self) -> PolicyRig:
        """The policy under test, at the start of an episode."""
        rig = self.make()
        rig.policy.reset()
        return rig

    def refusing(self, rig: PolicyRig) -> Callable[[Encoded], object]:
        """Acting at the start of an episode, where a policy with chunks has to look."""

        def act(encoded: Encoded) -> object:
            rig.policy.reset()
            return rig.policy.act(encoded)

        return act

    def test_it_is_a_policy(self, rig: PolicyRig) -> None:
        assert isinstance(rig.policy, Policy)

    def test_actions_are_float32_of_the_stated_size_finite_and_in_range(self, rig: PolicyRig) -> None:
        for _ in range(self.ticks):
            values = rig.policy.act(rig.encoded).values
            assert values.shape == (rig.action_size,) and values.dtype == np.float32
            assert (np.abs(values) <= 1.0).all()

    def test_an_episode_can_be_repeated_after_reset(self, rig: PolicyRig) -> None:
        first = [rig.policy.act(rig.encoded).values.copy() for _ in range(self.ticks)]
        rig.policy.reset()
        again = [rig.policy.act(rig.encoded).values.copy() for _ in range(self.ticks)]
        np.testing.assert_array_equal(first, again)

    def test_acting_does_not_change_its_input(self, rig: PolicyRig) -> None:
        kept, proprio = {k: v.copy() for k, v in rig.encoded.features.items()}, rig.encoded.proprio.copy()
        rig.policy.act(rig.encoded)
        np.testing.assert_array_equal(rig.encoded.proprio, proprio)
        for name, features in rig.encoded.features.items():
            np.testing.assert_array_equal(features, kept[name])

    def test_changing_an_action_does_not_change_later_ones(self, rig: PolicyRig) -> None:
        honest = [rig.policy.act(rig.encoded).values.copy() for _ in range(3)]
        rig.policy.reset()
        for values in honest:
            given = rig.policy.act(rig.encoded).values
            np.testing.assert_array_equal(given, values)
            given[:] = 0.0

    @pytest.mark.parametrize("bad", NOT_FINITE)
    def test_input_that_is_not_finite_is_refused(self, rig: PolicyRig, bad: float) -> None:
        proprio = rig.encoded.proprio.copy()
        proprio[0] = bad
        assert_refused(self.refusing(rig), iter([rig.encoded._replace(proprio=proprio)]))
        assert_refused(self.refusing(rig), spoiled(rig.encoded, bad))

    def test_input_of_another_shape_or_a_missing_camera_is_refused(self, rig: PolicyRig) -> None:
        proprio = rig.encoded.proprio
        wrong = [proprio[:-1], np.append(proprio, proprio), proprio[None]]
        assert_refused(self.refusing(rig), (rig.encoded._replace(proprio=part) for part in wrong))
        assert_refused(self.refusing(rig), misshapen(rig.encoded))

    @pytest.mark.parametrize("bad", NOT_FINITE)
    def test_input_is_checked_at_every_tick_of_a_chunk(self, rig: PolicyRig, bad: float) -> None:
        proprio = rig.encoded.proprio.copy()
        proprio[-1] = bad
        for _ in range(self.ticks):
            rig.policy.act(rig.encoded)
            with pytest.raises(BorderError):
                rig.policy.act(rig.encoded._replace(proprio=proprio))
