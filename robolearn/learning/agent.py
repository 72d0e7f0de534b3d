"""The residual learner: TD3 (Fujimoto et al. 2018) on a base policy, with RLPD's ensemble and LayerNorm.

The critic sees the executed action only; the actor sees the base action. Demos and interventions pull the actor where
the critic prefers them to what the actor would do (Q-filter, Nair et al. 2018).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from robolearn.episodes.replay import Batch
from robolearn.learning.settings import ResidualSettings
from robolearn.policies.chunk import ChunkPolicy
from robolearn.policies.networks import CriticEnsemble
from robolearn.policies.residual import ResidualNetwork, ResidualShape, policy_weights

MIN_Q_SCALE = 0.05  # below it values are noise, and must not be blown up


class ResidualAgent:
    """Critics, residual actor, targets and optimisers. :meth:`update` is one critic update, and at times an actor's."""

    def __init__(self, shape: ResidualShape, base: ChunkPolicy, settings: ResidualSettings, seed: int) -> None:
        """``base`` gives the normalisation; :meth:`rebase` changes it in place."""
        torch.manual_seed(seed)
        self.settings = settings
        self.base = base
        self.imitated = 0  # successes that the base policy was last cloned from; 0: those it came with
        senses = base.network.senses
        self.actor = ResidualNetwork(shape)
        self.actor.senses.load_state_dict(senses.state_dict())
        self.critic = CriticEnsemble(settings.critics, senses.dim, shape.action_dim, settings.hidden)
        self.target_critic = copy.deepcopy(self.critic).requires_grad_(False)
        self._actor_parameters = list(self.actor.head.parameters())
        self._actor_optimiser = torch.optim.AdamW(
            self._actor_parameters, settings.actor_learning_rate, weight_decay=0.0
        )
        self._critic_optimiser = torch.optim.AdamW(
            self.critic.parameters(), settings.critic_learning_rate, weight_decay=1e-4
        )
        self.updates = 0

    def update(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch, the first ``prior_share`` of which are demos and interventions; returns what to log."""
        seen = self.actor.senses(torch.from_numpy(batch.features), torch.from_numpy(batch.proprio))
        base, action = torch.from_numpy(batch.base_action), torch.from_numpy(batch.action)
        info = self._update_critic(seen, action, batch)
        self.updates += 1
        if self.updates > self.settings.critic_warmup and self.updates % self.settings.actor_every == 0:
            info |= self._update_actor(seen, base, action)
        return info

    def _update_critic(self, seen: Tensor, action: Tensor, batch: Batch) -> dict[str, float]:
        settings = self.settings
        with torch.no_grad():
            after = self.actor.senses(torch.from_numpy(batch.next_features), torch.from_numpy(batch.next_proprio))
            base = torch.from_numpy(batch.next_base_action)
            noise = (torch.randn_like(base) * settings.target_noise).clamp(
                -3 * settings.target_noise, 3 * settings.target_noise
            )
            following = (base + self.actor(after, base) + noise).clamp(-1.0, 1.0)
            chosen = torch.randperm(settings.critics)[: settings.critic_subset]
            value = self.target_critic(after, following)[chosen].amin(0).clamp(0.0, 1.0)
            target = torch.from_numpy(batch.reward) + torch.from_numpy(batch.discount) * value
        values = self.critic(seen, action)
        loss = (values - target).square().mean(1).sum()
        self._critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.critic.parameters(), 10.0)
        self._critic_optimiser.step()
        with torch.no_grad():
            for slow, fast in zip(self.target_critic.parameters(), self.critic.parameters(), strict=True):
                slow.lerp_(fast, settings.target_rate)
        return {"critic_loss": loss.item() / settings.critics, "q_mean": values.mean().item()}

    def _update_actor(self, seen: Tensor, base: Tensor, action: Tensor) -> dict[str, float]:
        settings = self.settings
        self.critic.requires_grad_(False)
        residual = self.actor(seen, base)
        chosen = (base + residual).clamp(-1.0, 1.0)
        values = self.critic(seen, chosen)
        loss = -settings.value_weight * values.mean() / values.detach().abs().mean().clamp(min=MIN_Q_SCALE)
        loss = loss + settings.residual_weight * (residual / self.actor.shape.scale).square().mean()
        taught = round(len(action) * settings.prior_share)
        if settings.clone_weight > 0.0 and taught:
            with torch.no_grad():
                better = (self.critic(seen[:taught], action[:taught]).mean(0) > values[:, :taught].mean(0)).float()
            reachable = base[:taught] + (action[:taught] - base[:taught]).clamp(
                -self.actor.shape.scale, self.actor.shape.scale
            )
            distance = (chosen[:taught] - reachable).square().mean(1)
            loss = loss + settings.clone_weight * (better * distance).mean()
        self._actor_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._actor_parameters, 1.0)
        self._actor_optimiser.step()
        self.critic.requires_grad_(True)
        return {"actor_loss": loss.item()}

    def rebase(self, base: ChunkPolicy, successes: int) -> None:
        """Put a newly cloned policy of the same shape in the place of the base, cloned from so many successes."""
        self.base.network.load_state_dict(base.network.state_dict())
        self.imitated = successes

    def policy_weights(self) -> dict[str, Tensor]:
        """What the actor process needs."""
        return policy_weights(self.base.network, self.actor)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on: networks, targets, optimisers, random state, update count."""
        parts: dict[str, Tensor] = {
            "updates": torch.tensor(self.updates),
            "imitated": torch.tensor(self.imitated),
            "random": torch.get_rng_state(),
        }
        for name, module in self._modules().items():
            parts |= {f"{name}/{key}": value.detach() for key, value in module.state_dict().items()}
        for name, optimiser in self._optimisers().items():
            for index, slots in optimiser.state_dict()["state"].items():
                parts |= {f"{name}/{index}/{key}": torch.as_tensor(value) for key, value in slots.items()}
        return parts

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Inverse of :meth:`state`. Raises RuntimeError or KeyError if it is of another shape."""
        for name, module in self._modules().items():
            module.load_state_dict(_under(state, name))
        for name, optimiser in self._optimisers().items():
            slots: dict[int, dict[str, Tensor]] = {}
            for key, value in _under(state, name).items():
                index, slot = key.split("/")
                slots.setdefault(int(index), {})[slot] = value.clone()
            optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
        self.updates = int(state["updates"])
        self.imitated = int(state["imitated"])
        torch.set_rng_state(state["random"])

    def _modules(self) -> dict[str, nn.Module]:
        return {
            "base": self.base.network,
            "actor": self.actor,
            "critic": self.critic,
            "target_critic": self.target_critic,
        }

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"actor_optimiser": self._actor_optimiser, "critic_optimiser": self._critic_optimiser}


def _under(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f"{name}/")}
