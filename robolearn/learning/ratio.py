"""How many updates belong to how many steps of practice: what keeps actor and learner abreast of each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """``warmup_updates`` on the demonstrations alone, then ``updates_per_step`` for each step past ``first_steps``."""

    updates_per_step: float
    first_steps: int
    warmup_updates: int

    def updates_due(self, steps: int) -> int:
        """Updates that a learner may have done when ``steps`` have been practised."""
        return self.warmup_updates + int(self.updates_per_step * max(0, steps - self.first_steps))

    def steps_covered(self, updates: int) -> int:
        """Steps that an actor may have done when the learner has come to ``updates``."""
        return self.first_steps + int(max(0, updates - self.warmup_updates) / self.updates_per_step)
