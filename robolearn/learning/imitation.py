"""The base policy learns on during practice: cloned anew from demonstrations, interventions and its own successes.

Self-imitation (Oh et al. 2018) and the aggregation of corrections (DAgger, Ross et al. 2011): with the frozen tower a
policy is cloned in seconds, and what the residual stands on gets better as successes add up. Each one begins from
nothing: going on from the last one, which had seen less, ended worse.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robolearn.contracts import Float32
from robolearn.episodes import ReplayBuffer
from robolearn.episodes.demos import Demo
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.cloning import clone
from robolearn.learning.settings import CloningSettings, ImitationSettings


class Imitation:
    """Clones the base of ``agent`` anew whenever the number of successes has grown enough."""

    def __init__(
        self,
        agent: ResidualAgent,
        cloning: CloningSettings,
        settings: ImitationSettings,
        seed: int,
    ) -> None:
        self._agent = agent
        self._cloning = replace(cloning, steps=settings.steps)
        self._growth = settings.growth
        self._seed = seed

    def imitate(self, buffer: ReplayBuffer, last: bool = False) -> bool:
        """Clone from the successes in ``buffer`` if that is due; True if the base policy has changed.

        It is due when their number has grown enough; the ``last`` time, when there is any new one."""
        found = buffer.imitable()
        if self._growth <= 0.0 or not found:
            return False
        if self._agent.imitated == 0:
            self._agent.imitated = len(found)
        due = self._agent.imitated + 1 if last else self._agent.imitated * (1.0 + self._growth)
        if len(found) < due:
            return False
        segments = [_segment(name, buffer, rows) for name, rows in found.items() if len(rows) > 1]
        shape, readouts = self._agent.base.shape, self._agent.base.network.senses.readout.numpy()
        base = clone(segments, shape, readouts, self._cloning, self._seed + len(found), _nobody)
        self._agent.rebase(base, len(found))
        return True


def _segment(name: str, buffer: ReplayBuffer, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Demo:
    features: Float32 = buffer.features.rows[rows].astype(np.float32)
    return Demo(name, True, features, buffer.proprio.rows[rows], buffer.action.rows[rows[:-1]])


def _nobody(step: int, loss: float) -> None:
    """Nobody watches the loss."""
