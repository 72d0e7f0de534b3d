"""Where the seeds of every purpose come from: ranges that never meet, so that nothing is tested on what it practised.

Pictures that train the image tower take theirs from 2,000,000,000 upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from robolearn.errors import ConfigError

RUN_SEEDS = 10_000


@dataclass(frozen=True)
class SeedRange:
    """Seeds [first, stop); each of ``runs`` training seeds has ``per_run`` of them to itself."""

    purpose: str
    first: int
    per_run: int
    runs: int

    @property
    def stop(self) -> int:
        """First seed that is not in the range any more."""
        return self.first + self.per_run * self.runs

    def seed(self, index: int, run_seed: int = 0) -> int:
        """Seed number ``index`` of a training run. Raises ConfigError if the range does not reach so far."""
        if not 0 <= run_seed < self.runs:
            raise ConfigError(f"seed {run_seed} of the run is outside [0, {self.runs - 1}]")
        if not 0 <= index < self.per_run:
            raise ConfigError(f"{self.purpose}: {self.per_run} seeds are set aside, number {index} was asked for")
        return self.first + run_seed * self.per_run + index


DEMOS = SeedRange("demonstrations", 0, 10_000, RUN_SEEDS)
PRACTICE = SeedRange("practice", 100_000_000, 80_000, RUN_SEEDS)
EVALUATION = SeedRange("evaluation", 1_000_000_000, 1_000_000, runs=1)  # held out: the same for every run
REWARD_BENCH = SeedRange("reward benchmark", 1_100_000_000, 1_000_000, runs=1)
