"""A reward that does not flicker: success counts once several ticks in a row look like it."""

from __future__ import annotations

from robolearn.contracts import Decision, Encoded, RewardModel, Verdict


class Confirmed:
    """Implements ``RewardModel`` around another one: abstains from success until ``ticks`` in a row say so.

    An episode so pays once, at its end."""

    def __init__(self, model: RewardModel, ticks: int) -> None:
        self._model = model
        self._ticks = ticks
        self._streak = 0

    def reset(self) -> None:
        """An episode starts."""
        self._streak = 0

    def judge(self, encoded: Encoded) -> Verdict:
        """Judge the next tick of the episode. Raises BorderError as the model does."""
        verdict = self._model.judge(encoded)
        self._streak = self._streak + 1 if verdict.decision is Decision.SUCCESS else 0
        if 0 < self._streak < self._ticks:
            return Verdict(verdict.probability, Decision.ABSTAIN)
        return verdict
