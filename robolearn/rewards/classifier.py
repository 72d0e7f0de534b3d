"""The success classifier: a language-conditioned head on the frozen tower, with calibrated threshold and abstain band.

What the head sees of a picture are its similarities to the task's sentences, and its features weighted by the direction
from failure to success in the tower's space (the projection of VLM-RM, Rocamonde et al. 2024): other sentences make
another classifier out of the same picture.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from robolearn.contracts import Decision, Encoded, Float32, Verdict
from robolearn.errors import BorderError
from robolearn.policies import files
from robolearn.policies.senses import stacked


@dataclass(frozen=True)
class ClassifierShape:
    """Sizes of the head, what it was made for, and its calibration."""

    tower: str
    cameras: tuple[str, ...]
    feature_dim: int
    success_prompts: tuple[str, ...]
    failure_prompts: tuple[str, ...]
    hidden: int
    dropout: float
    members: int
    temperature: float  # divides the logits
    success_above: float  # probability at and above which the decision is success
    failure_below: float  # below which it is failure; between the two it abstains
    version: int


class SuccessHead(nn.Module):
    """An ensemble of small heads on conditioned features; their mean logit is the judgement."""

    prompts: Tensor
    direction: Tensor

    def __init__(self, shape: ClassifierShape, prompts: Tensor) -> None:
        """``prompts`` (S + F, D): unit text features, those of success first."""
        super().__init__()
        success = len(shape.success_prompts)
        direction = prompts[:success].mean(0) - prompts[success:].mean(0)
        self.register_buffer("prompts", prompts.clone())
        self.register_buffer("direction", direction / direction.norm().clamp(min=1e-6) * prompts.shape[1] ** 0.5)
        inputs = len(shape.cameras) * (len(prompts) + shape.feature_dim)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(inputs, shape.hidden), nn.Dropout(shape.dropout), nn.LayerNorm(shape.hidden), nn.ReLU(),
                nn.Linear(shape.hidden, 1),
            )
            for _ in range(shape.members)
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        """Logits (members, B) for features (B, C, D)."""
        seen = functional.normalize(features, dim=-1)
        similar = 10.0 * seen @ self.prompts.T
        conditioned = torch.cat([similar, seen * self.direction], dim=-1).flatten(1)
        return torch.stack([head(conditioned).squeeze(-1) for head in self.heads])


class SuccessClassifier:
    """Implements ``RewardModel``."""

    def __init__(self, shape: ClassifierShape, head: SuccessHead) -> None:
        self.shape = shape
        self._head = head.eval().requires_grad_(False)

    def judge(self, encoded: Encoded) -> Verdict:
        """Judge one tick by its untouched frames."""
        probability = float(self.probabilities(stacked(encoded, self.shape.cameras)[None])[0])
        return Verdict(probability, self.decide(probability))

    def probabilities(self, features: Float32) -> Float32:
        """Calibrated probabilities (N,) of success for features (N, C, D). Raises BorderError for a bad input."""
        wanted = (len(self.shape.cameras), self.shape.feature_dim)
        if features.shape[1:] != wanted or not np.isfinite(features).all():
            raise BorderError(
                f"reward model: expected finite features of shape (N, {wanted[0]}, {wanted[1]}), got {features.shape}"
            )
        with torch.inference_mode():
            logits = self._head(torch.from_numpy(np.asarray(features, np.float32))).mean(0)
            return cast(Float32, torch.sigmoid(logits / self.shape.temperature).numpy())

    def decide(self, probability: float) -> Decision:
        """Success, failure, or not sure enough to say."""
        if probability >= self.shape.success_above:
            return Decision.SUCCESS
        return Decision.FAILURE if probability < self.shape.failure_below else Decision.ABSTAIN

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), shape and calibration (JSON)."""
        files.save_network(folder, asdict(self.shape), self._head.state_dict())

    @staticmethod
    def load(folder: Path) -> SuccessClassifier:
        """Inverse of :meth:`save`. Raises ModelError if a file is missing or damaged."""
        meta, weights = files.load(folder, "reward model", "robolearn train reward")
        shape = files.restored(ClassifierShape, meta, folder)
        prompts = len(shape.success_prompts) + len(shape.failure_prompts)
        head = SuccessHead(shape, torch.zeros(prompts, shape.feature_dim))
        files.fill(head, weights, folder)
        return SuccessClassifier(shape, head)
