"""The base policy learns on during practice: cloned further from demonstrations, interventions and its own successes.

Self-imitation (Oh et al. 2018) and the aggregation of corrections (DAgger, Ross et al. 2011): with the frozen tower a
policy is cloned in seconds, and what the residual stands on gets better as successes add up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robolearn.contracts import Float32
from robolearn.episodes import ReplayBuffer, StoreSchema
from robolearn.episodes.demos import Demo
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.cloning import clone
from robolearn.learning.settings import CloningSettings, ImitationSettings


class Imitation:
    """Clones the base of ``agent`` further whenever the number of successes has grown enough."""

    def __init__(
        self,
        agent: ResidualAgent,
        schema: StoreSchema,
        cloning: CloningSettings,
        settings: ImitationSettings,
        seed: int,
    ) -> None:
        self._agent = agent
        self._schema = schema
        self._cloning = replace(cloning, steps=settings.steps, learning_rate=settings.learning_rate)
        self._growth = settings.growth
        self._seed = seed

    def imitate(self, buffer: ReplayBuffer) -> bool:
        """Clone from the successes in ``buffer`` if that is due; True if the base policy has changed."""
        found = buffer.imitable()
        if self._growth <= 0.0 or not found:
            return False
        if self._agent.imitated == 0:
            self._agent.imitated = len(found)
        if len(found) < self._agent.imitated * (1.0 + self._growth):
            return False
        segments = [_segment(name, buffer, rows) for name, rows in found.items() if len(rows) > 1]
        base = clone(segments, self._schema, self._cloning, self._seed + len(found), _nobody, self._agent.base)
        self._agent.rebase(base, len(found))
        return True


def _segment(name: str, buffer: ReplayBuffer, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Demo:
    features: Float32 = buffer.features.rows[rows].astype(np.float32)
    return Demo(name, True, features, buffer.proprio.rows[rows], buffer.action.rows[rows[:-1]])


def _nobody(step: int, loss: float) -> None:
    """Nobody watches the loss."""
