"""The small networks of policies and critics."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn


class Normaliser(nn.Module):
    """Centres and scales inputs by the statistics of the demonstrations, so that every dimension counts."""

    mean: Tensor
    std: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("std", torch.ones(dim))

    def fit(self, samples: Tensor, floor: float) -> None:
        """Take mean and standard deviation of ``samples`` (N, dim); a dimension that hardly moved keeps ``floor``."""
        self.mean.copy_(samples.mean(0))
        self.std.copy_(samples.std(0).clamp(min=floor))

    def forward(self, samples: Tensor) -> Tensor:
        """Normalised samples, bounded to five standard deviations."""
        return ((samples - self.mean) / self.std).clamp(-5.0, 5.0)


class Senses(nn.Module):
    """Joins what is read out of features (B, C, D), and proprioception (B, P), into one normalised vector."""

    readout: Tensor

    def __init__(self, cameras: int, feature_dim: int, proprio_dim: int, readout_dim: int) -> None:
        """``readout_dim`` numbers are read out of the features of each camera."""
        super().__init__()
        self.register_buffer("readout", torch.zeros(cameras, feature_dim, readout_dim))
        self.features = Normaliser(cameras * readout_dim)
        self.proprio = Normaliser(proprio_dim)
        self.dim = cameras * readout_dim + proprio_dim

    def read(self, features: Tensor) -> Tensor:
        """What is read out (B, C * readout_dim), not normalised."""
        return torch.einsum("bcd,cdk->bck", features, self.readout).flatten(1)

    def forward(self, features: Tensor, proprio: Tensor) -> Tensor:
        """Vector (B, dim)."""
        return torch.cat([self.features(self.read(features)), self.proprio(proprio)], dim=1)


def mlp(inputs: int, hidden: tuple[int, ...], outputs: int, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers with LayerNorm and ReLU between them; dropout before each LayerNorm if asked for."""
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [
            nn.Linear(inputs, width),
            *([nn.Dropout(dropout)] if dropout else []),
            nn.LayerNorm(width),
            nn.ReLU(),
        ]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


class EnsembleLinear(nn.Module):
    """E linear layers side by side: one batched product."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs).uniform_(-bound, bound))

    def forward(self, inputs: Tensor) -> Tensor:
        """(E, B, inputs) to (E, B, outputs)."""
        return torch.baddbmm(self.bias, inputs, self.weight)


class EnsembleLayerNorm(nn.Module):
    """LayerNorm over the last dimension, with a gain and bias for each member."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(members, 1, width))
        self.bias = nn.Parameter(torch.zeros(members, 1, width))

    def forward(self, inputs: Tensor) -> Tensor:
        """(E, B, width), normalised."""
        return nn.functional.layer_norm(inputs, inputs.shape[-1:]) * self.gain + self.bias


class CriticEnsemble(nn.Module):
    """E critics Q(observation, action) with LayerNorm (RLPD, Ball et al. 2023)."""

    def __init__(self, members: int, observation_dim: int, action_dim: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.members = members
        layers: list[nn.Module] = []
        inputs = observation_dim + action_dim
        for width in hidden:
            layers += [EnsembleLinear(members, inputs, width), EnsembleLayerNorm(members, width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers, EnsembleLinear(members, inputs, 1))

    def forward(self, observation: Tensor, action: Tensor) -> Tensor:
        """Values (E, B)."""
        joined = torch.cat([observation, action], dim=1).expand(self.members, -1, -1)
        return cast(Tensor, self.layers(joined)).squeeze(-1)
