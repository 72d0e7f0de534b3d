"""The residual agent learns the values it should, resumes exactly, and changes only what it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from robolearn.contracts import Float32
from robolearn.episodes.replay import Batch
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.config import load_learning
from robolearn.learning.settings import ResidualSettings
from robolearn.learning.shapes import residual_shape
from robolearn.policies.chunk import ChunkNetwork, ChunkPolicy, ChunkShape

CAMERAS, DIM, PROPRIO, ACTIONS = ("front", "wrist"), 3, 2, 2
SHAPE = ChunkShape(
    tower="tower", cameras=CAMERAS, feature_dim=DIM, proprio_dim=PROPRIO, readout_dim=4, action_dim=ACTIONS,
    horizon=2, execute=1, hidden=(8,), dropout=0.0,
)  # fmt: skip
SETTINGS = replace(
    load_learning("residual").residual,
    hidden=(32, 32), critics=2, critic_subset=2, batch=32, critic_warmup=0, actor_every=1, scale=0.3,
    critic_learning_rate=3e-3, actor_learning_rate=1e-3, target_rate=0.05, clone_weight=0.1, value_weight=1.0,
)  # fmt: skip

CRITICS_ALONE = replace(SETTINGS, critic_warmup=10**6, target_rate=0.2, target_noise=0.0)


def agent(settings: ResidualSettings = SETTINGS, seed: int = 0) -> ResidualAgent:
    torch.manual_seed(5)
    network = ChunkNetwork(SHAPE)
    network.senses.readout.normal_()
    return ResidualAgent(residual_shape(SHAPE, settings), ChunkPolicy(network), settings, seed)


def draw(seed: int, size: int = 32) -> Batch:
    """A batch of random transitions."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Float32:
        return rng.normal(size=(size, *shape)).astype(np.float32)

    def action() -> Float32:
        return rng.uniform(-1, 1, (size, ACTIONS)).astype(np.float32)

    rows = np.arange(size)
    return Batch(
        features=normal(len(CAMERAS), DIM), proprio=normal(PROPRIO), base_action=action(), action=action(),
        reward=(rng.random(size) < 0.3).astype(np.float32), discount=np.full(size, 0.97, np.float32),
        next_features=normal(len(CAMERAS), DIM), next_proprio=normal(PROPRIO), next_base_action=action(),
        row=rows, next_row=rows + 1,
    )  # fmt: skip


def constant(reward: float, discount: float, *, following: float = 0.0) -> Batch:
    """A batch in which every transition is the same: state 0, then state ``following``."""
    batch = draw(0)
    still = np.zeros_like(batch.action)
    return batch._replace(
        features=np.zeros_like(batch.features), proprio=np.zeros_like(batch.proprio),
        next_features=np.full_like(batch.features, following), next_proprio=np.full_like(batch.proprio, following),
        base_action=still, action=still, next_base_action=still,
        reward=np.full_like(batch.reward, reward), discount=np.full_like(batch.discount, discount),
    )  # fmt: skip


def value(learned: ResidualAgent, at: float = 0.0) -> float:
    """Mean value of standing still in state ``at``."""
    features, proprio = torch.full((1, len(CAMERAS), DIM), at), torch.full((1, PROPRIO), at)
    with torch.no_grad():
        return float(learned.critic(learned.actor.senses(features, proprio), torch.zeros(1, ACTIONS)).mean())


def parameters(module: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def test_a_terminated_transition_is_worth_its_reward_and_nothing_after_it() -> None:
    learned = agent(CRITICS_ALONE)
    for _ in range(200):
        learned.update(constant(reward=0.6, discount=0.0))
    assert value(learned) == pytest.approx(0.6, abs=0.03)


def test_a_truncated_transition_goes_on_into_the_value_of_what_came_next() -> None:
    """State 1 ends in success: worth 1. State 0 leads to it without reward: worth the discount, not zero."""
    learned = agent(CRITICS_ALONE)
    last = constant(reward=1.0, discount=0.0)
    last = last._replace(features=last.features + 1.0, proprio=last.proprio + 1.0)
    before = constant(reward=0.0, discount=0.9, following=1.0)
    for _ in range(300):
        learned.update(last)
        learned.update(before)
    assert value(learned, at=1.0) == pytest.approx(1.0, abs=0.05)
    assert value(learned, at=0.0) == pytest.approx(0.9, abs=0.08)


def test_a_state_that_leads_to_itself_has_the_value_of_the_geometric_series() -> None:
    """Reward 0.1 for ever at discount 0.8: 0.1 / (1 - 0.8) = 0.5."""
    learned = agent(CRITICS_ALONE)
    for _ in range(500):
        learned.update(constant(reward=0.1, discount=0.8))
    assert value(learned) == pytest.approx(0.5, abs=0.06)


def residual_where_the_first_action_pays(residual_weight: float) -> torch.Tensor:
    """What an actor learns to add (A,), in the mean, where reward grows with the first action alone."""
    learned = agent(replace(SETTINGS, clone_weight=0.0, residual_weight=residual_weight))
    for step in range(400):
        batch = draw(step)
        reward = (0.5 + 0.5 * batch.action[:, 0]).astype(np.float32)
        learned.update(batch._replace(reward=reward, discount=np.zeros_like(reward), base_action=0 * batch.action))
    seen = learned.actor.senses(torch.from_numpy(draw(9).features), torch.from_numpy(draw(9).proprio))
    with torch.no_grad():
        added: torch.Tensor = learned.actor(seen, torch.zeros(len(seen), ACTIONS)).mean(0)
    return added


def test_the_actor_moves_to_where_the_critics_see_value() -> None:
    moved = residual_where_the_first_action_pays(residual_weight=0.0)
    assert moved[0] > 0.8 * SETTINGS.scale and moved.abs().max() <= SETTINGS.scale


def test_the_residual_is_zero_before_the_first_update() -> None:
    learned = agent()
    batch = draw(1)
    seen = learned.actor.senses(torch.from_numpy(batch.features), torch.from_numpy(batch.proprio))
    with torch.no_grad():
        assert not learned.actor(seen, torch.from_numpy(batch.base_action)).any()


def test_a_critic_update_leaves_the_actor_alone() -> None:
    learned = agent(replace(SETTINGS, critic_warmup=10))
    actor, critic = parameters(learned.actor), parameters(learned.critic)
    info = learned.update(draw(0))
    assert "actor_loss" not in info and np.isfinite(info["critic_loss"])
    assert same(actor, parameters(learned.actor)) and not same(critic, parameters(learned.critic))


def test_an_actor_update_leaves_the_critics_alone() -> None:
    learned = agent(replace(SETTINGS, critic_learning_rate=0.0))
    actor, critic = parameters(learned.actor), parameters(learned.critic)
    for step in range(3):
        assert np.isfinite(learned.update(draw(step))["actor_loss"])
    assert same(critic, parameters(learned.critic)) and not same(actor, parameters(learned.actor))
    assert all(parameter.requires_grad for parameter in learned.critic.parameters())


def test_the_normalisation_of_the_base_policy_never_changes() -> None:
    learned = agent()
    before = {name: buffer.clone() for name, buffer in learned.actor.senses.state_dict().items()}
    for step in range(3):
        learned.update(draw(step))
    after = learned.actor.senses.state_dict()
    assert all(torch.equal(buffer, after[name]) for name, buffer in before.items())


def test_warm_up_and_the_rhythm_of_the_actor_are_kept() -> None:
    learned = agent(replace(SETTINGS, critic_warmup=4, actor_every=2))
    told = ["actor_loss" in learned.update(draw(step)) for step in range(10)]
    assert told == [False] * 4 + [False, True, False, True, False, True]


def test_targets_follow_slowly() -> None:
    learned = agent(replace(SETTINGS, target_rate=0.25))
    slow = parameters(learned.target_critic)
    learned.update(draw(0))
    wanted = [old.lerp(new, 0.25) for old, new in zip(slow, parameters(learned.critic), strict=True)]
    for found, expected in zip(parameters(learned.target_critic), wanted, strict=True):
        torch.testing.assert_close(found, expected)
    assert not any(parameter.requires_grad for parameter in learned.target_critic.parameters())


def test_from_a_saved_state_the_next_updates_are_exactly_the_same() -> None:
    learned = agent()
    for step in range(5):
        learned.update(draw(step))
    state = {name: tensor.clone() for name, tensor in learned.state().items()}
    going_on = [learned.update(draw(step)) for step in range(5, 10)]
    resumed = agent(seed=3)
    resumed.load_state(state)
    assert resumed.updates == 5
    assert [resumed.update(draw(step)) for step in range(5, 10)] == going_on
    for name, tensor in learned.state().items():
        torch.testing.assert_close(resumed.state()[name], tensor, rtol=0, atol=0, msg=name)


def test_a_state_of_other_sizes_is_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        agent(replace(SETTINGS, hidden=(16, 16))).load_state(agent().state())


def test_published_weights_are_copies() -> None:
    learned = agent()
    published = learned.policy_weights()
    before = {name: tensor.clone() for name, tensor in published.items()}
    for step in range(3):
        learned.update(draw(step))
    assert all(torch.equal(published[name], tensor) for name, tensor in before.items())
    assert any(not torch.equal(tensor, published[name]) for name, tensor in learned.policy_weights().items())


def test_the_penalty_keeps_the_residual_small() -> None:
    """Every share of its bound costs more than it brings."""
    moved = residual_where_the_first_action_pays(residual_weight=10.0)
    assert moved.abs().max() < 0.2 * SETTINGS.scale
