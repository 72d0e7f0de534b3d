"""A per-step residual on a base policy (ResFiT, Ankile et al. 2025): small, bounded, and zero before it has learned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
    action_dim: int
    hidden: tuple[int, ...]
    scale: float  # share of full scale


class ResidualNetwork(nn.Module):
    """Observation and base action to a residual (B, A) in [-scale, scale]; zero at first."""

    def __init__(self, shape: ResidualShape) -> None:
        super().__init__()
        self.shape = shape
        self.senses = Senses(len(shape.cameras), shape.feature_dim, shape.proprio_dim)
        self.head = mlp(self.senses.dim + shape.action_dim, shape.hidden, shape.action_dim)
        final = self.head[-1]
        nn.init.zeros_(final.weight)  # type: ignore[arg-type]
        nn.init.zeros_(final.bias)  # type: ignore[arg-type]

    def forward(self, observation: Tensor, base_action: Tensor) -> Tensor:
        """Residual for a normalised observation (B, senses.dim) and a base action (B, A)."""
        return self.shape.scale * torch.tanh(self.head(torch.cat([observation, base_action], dim=1)))

    def act(self, features: Tensor, proprio: Tensor, base_action: Tensor) -> Tensor:
        """Executed action (B, A): the base action plus the residual, bounded to [-1, 1]."""
        return (base_action + self(self.senses(features, proprio), base_action)).clamp(-1.0, 1.0)


class Base(Policy, Protocol):
    """Any policy can be the base."""


class ResidualPolicy:
    """Implements ``Policy``: base action plus residual, and exploration noise where asked for."""

    def __init__(self, base: Base, network: ResidualNetwork) -> None:
        self._base = base
        self.network = network.eval().requires_grad_(False)
        self.base_action: Float32 = np.zeros(network.shape.action_dim, np.float32)

    def reset(self) -> None:
        """An episode starts."""
        self._base.reset()

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Take newer weights of the residual. Raises RuntimeError if they do not fit."""
        self.network.load_state_dict(weights)

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
