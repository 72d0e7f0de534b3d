"""The models of a run, loaded for acting and judging."""

from __future__ import annotations

from robolearn.contracts import Policy
from robolearn.errors import ModelError
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.settings import ResidualSettings
from robolearn.learning.shapes import residual_shape
from robolearn.learning.weights import NO_VERSION, WeightsFolder
from robolearn.policies.chunk import ChunkPolicy
from robolearn.policies.residual import ResidualNetwork, ResidualPolicy
from robolearn.rewards.classifier import SuccessClassifier
from robolearn.vision.tower import Tower


def load_base(run: RunFolder, tower: Tower) -> ChunkPolicy:
    """The base policy. Raises ModelError if it is missing, damaged, or reads another tower's features."""
    base = ChunkPolicy.load(run.base)
    _check_tower("base policy", base.shape.tower, tower, "robolearn train base")
    return base


def load_reward(run: RunFolder, tower: Tower) -> SuccessClassifier:
    """The reward model. Raises ModelError if it is missing, damaged, or reads another tower's features."""
    reward = SuccessClassifier.load(run.reward)
    _check_tower("reward model", reward.shape.tower, tower, "robolearn train reward")
    return reward


def exploring_policy(base: ChunkPolicy, settings: ResidualSettings) -> ResidualPolicy:
    """The base policy with a residual that has not learned anything yet."""
    return ResidualPolicy(base, ResidualNetwork(residual_shape(base.shape, settings)))


def learned_policy(run: RunFolder, base: ChunkPolicy, settings: ResidualSettings) -> Policy:
    """The base policy with the newest published residual. Raises ModelError if there is none, or it is damaged."""
    folder = WeightsFolder(run.weights)
    newest = folder.newest()
    if newest == NO_VERSION:
        raise ModelError(f"there are no weights in {run.weights}: practise first, with: robolearn practice")
    policy = exploring_policy(base, settings)
    try:
        policy.load_weights(dict(folder.load(newest).tensors))
    except RuntimeError as cause:
        raise ModelError(
            f"version {newest} in {run.weights} does not fit the settings it is loaded with: {cause}. "
            "Give the learning configuration that it was learned with."
        ) from cause
    return policy


def _check_tower(what: str, its_tower: str, tower: Tower, command: str) -> None:
    if its_tower != tower.id:
        raise ModelError(
            f"the {what} was trained on features of the tower {its_tower}, but {tower.name!r} is {tower.id}. "
            f"Train it anew with: {command}"
        )
