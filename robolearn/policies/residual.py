"""A per-step residual on a base policy (ResFiT, Ankile et al. 2025): small, bounded, and zero before it has learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from robolearn.contracts import Action, Encoded, Float32, Policy
from robolearn.policies.networks import Senses, mlp
from robolearn.policies.senses import stacked


@dataclass(frozen=True)
class ResidualShape:
    """Sizes of a residual actor, and how far it may move the base action."""

    cameras: tuple[str, ...]
    feature_dim: int
    proprio_dim: int
    readout_dim: int
    action_dim: int
    hidden: tuple[int, ...]
    scale: float  # share of full scale


class ResidualNetwork(nn.Module):
    """Observation and base action to a residual (B, A) in [-scale, scale]; zero at first."""

    def __init__(self, shape: ResidualShape) -> None:
        super().__init__()
        self.shape = shape
        self.senses = Senses(len(shape.cameras), shape.feature_dim, shape.proprio_dim, shape.readout_dim)
        self.head = mlp(self.senses.dim + shape.action_dim, shape.hidden, shape.action_dim)
        final = self.head[-1]
        nn.init.zeros_(final.weight)  # type: ignore[arg-type]
        nn.init.zeros_(final.bias)  # type: ignore[arg-type]

    def forward(self, observation: Tensor, base_action: Tensor) -> Tensor:
        """Residual for a normalised observation (B, senses.dim) and a base action (B, A)."""
        raw: Tensor = self.head(torch.cat([observation, base_action], dim=1))
        return raw.tanh().mul(self.shape.scale)

    def act(self, features: Tensor, proprio: Tensor, base_action: Tensor) -> Tensor:
        """Executed action (B, A): the base action plus the residual, bounded to [-1, 1]."""
        residual: Tensor = self(self.senses(features, proprio), base_action)
        return (base_action + residual).clamp(-1.0, 1.0)


BASE, RESIDUAL = "base.", "residual."  # prefixes of published weights


def policy_weights(base: nn.Module | None, residual: nn.Module) -> dict[str, Tensor]:
    """Copies of everything that an actor needs; without a base if that never changes."""
    parts = [(RESIDUAL, residual)] if base is None else [(BASE, base), (RESIDUAL, residual)]
    return {
        prefix + name: value.detach().clone() for prefix, part in parts for name, value in part.state_dict().items()
    }


class ResidualPolicy:
    """Implements ``Policy``: base action plus residual, and exploration noise where asked for."""

    def __init__(self, base: Policy, network: ResidualNetwork) -> None:
        self._base = base
        self.network = network.eval().requires_grad_(False)
        self.base_action: Float32 = np.zeros(network.shape.action_dim, np.float32)

    def reset(self) -> None:
        """An episode starts."""
        self._base.reset()

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take newer weights, of the base too if it has learned on. Raises RuntimeError if they do not fit."""
        base = _under(BASE, weights)
        if base:
            network = getattr(self._base, "network", None)
            if not isinstance(network, nn.Module):
                raise RuntimeError("there are weights of a base policy, but this base has none")
            network.load_state_dict(base)
        self.network.load_state_dict(_under(RESIDUAL, weights))

    def act(self, encoded: Encoded) -> Action:
        """Deterministic action."""
        return self.explore(encoded, 0.0, None)

    def explore(self, encoded: Encoded, noise: float, rng: np.random.Generator | None) -> Action:
        """Action with Gaussian noise of standard deviation ``noise``, cut off at three of them."""
        self.base_action = self._base.act(encoded).values
        features = torch.from_numpy(stacked(encoded, self.network.shape.cameras)[None])
        with torch.inference_mode():
            action: Float32 = self.network.act(
                features, torch.from_numpy(encoded.proprio[None]), torch.from_numpy(self.base_action[None])
            )[0].numpy()
        if rng is not None and noise > 0.0:
            drawn = rng.normal(0.0, noise, action.shape).clip(-3 * noise, 3 * noise)
            action = np.clip(action + drawn, -1.0, 1.0).astype(np.float32)
        return Action(action)


def _under(prefix: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
