"""Held-out evaluation: fixed resets, deterministic actions, nobody's help, and the world's own truth decides.

An episode succeeds if the goal has been reached for ``hold_ticks`` ticks in a row before the time limit. What the
reward model says of its last tick is noted beside it, and has no say. In a cell that cannot know the truth an episode
ends when the reward model has seen success for as long, or at the time limit, and a person says what became of it.
There a late picture or command ends its own episode alone, as an arm that stops itself does everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robolearn.autonomy.cell import Cell
from robolearn.autonomy.witness import Witness
from robolearn.contracts import Decision, Encoded, Image, Policy, RewardModel
from robolearn.episodes import EpisodeKind
from robolearn.errors import BorderError, DeviceError, RobolearnError
from robolearn.seeds import EVALUATION
from robolearn.statistics import wilson

log = logging.getLogger(__name__)
BY_TRUTH, BY_PERSON = "ground truth of the simulated world", "a person who watched"
JUDGED = {Decision.SUCCESS: True, Decision.FAILURE: False, Decision.ABSTAIN: None}


@dataclass(frozen=True)
class Outcome:
    """What became of one held-out episode."""

    seed: int
    success: bool
    steps: int
    judged_success: bool | None  # by the reward model; None: it abstained, or there is none
    stopped: str  # which fault cut the episode short; empty: none
    decided_by: str
    pictures: tuple[Image, ...] = field(repr=False, default=())  # of the first camera, over the episode


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation has come to: never without an outcome."""

    outcomes: tuple[Outcome, ...]  # in the order of the seeds
    cut_short: str | None = None  # why there are not as many as seeds; None: there are
    error: RobolearnError | KeyboardInterrupt | None = None  # still to be raised, once the outcomes are kept


def held_out_seeds(count: int) -> list[int]:
    """The first ``count`` resets that no training ever sees."""
    return [EVALUATION.seed(index) for index in range(count)]


@dataclass(frozen=True)
class Trial:
    """One policy in one cell, ready to be evaluated."""

    cell: Cell
    policy: Policy
    reward: RewardModel | None
    hold_ticks: int
    pictures: int  # kept of each episode
    witness: Witness | None  # None: the world itself knows

    def run(self, seed: int) -> Outcome:
        """One episode. Raises BorderError and DeviceError, always if it cannot begin, and EnoughSeen as the witness."""
        cell = self.cell
        if self.witness is not None:
            self.witness.prepare()
        cell.begin(EpisodeKind.EVAL, seed)
        self.policy.reset()
        held, stopped, frames = 0, "", []
        seen = cell.look(variants=1)
        for tick in range(cell.max_ticks + 1):
            frames.append(next(iter(seen.observation.frames.values())).rgb)
            held = held + 1 if self._looks_done(seen.encoded) else 0
            if held >= self.hold_ticks or tick == cell.max_ticks:
                break
            try:
                cell.station.act(self.policy.act(seen.encoded))
                seen = cell.look(variants=1)
            except (BorderError, DeviceError) as error:
                stopped = self._why_stopped(error)
                log.warning("seed %d, tick %d: the episode was cut short: %s", seed, tick, stopped)
                break
        chosen = np.linspace(0, len(frames) - 1, min(self.pictures, len(frames))).round().astype(int)
        pictures = tuple(frames[index] for index in chosen)
        success, decided_by = self._decide(held)
        return Outcome(seed, success, tick, _judged(self.reward, seen.encoded), stopped, decided_by, pictures)

    def _looks_done(self, encoded: Encoded) -> bool:
        if self.witness is None:
            return bool(self.cell.station.world.succeeded())
        return _judged(self.reward, encoded) is True

    def _why_stopped(self, error: BorderError | DeviceError) -> str:
        """Why an episode is over that a person judges, or whose arm has stopped itself. Raises other errors."""
        fault = self.cell.station.arm.fault
        if fault is None and self.witness is None:
            raise error
        return fault or str(error)

    def _decide(self, held: int) -> tuple[bool, str]:
        if self.witness is None:
            return held >= self.hold_ticks, BY_TRUTH
        return self.witness.saw_success(), BY_PERSON


def _judged(reward: RewardModel | None, encoded: Encoded) -> bool | None:
    return None if reward is None else JUDGED[reward.judge(encoded).decision]


def best_and_worst(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    """The quickest success, and a failure, or the slowest success if none failed."""
    successes = sorted((outcome for outcome in outcomes if outcome.success), key=lambda outcome: outcome.steps)
    failures = [outcome for outcome in outcomes if not outcome.success]
    worst = failures[:1] or successes[-1:]
    return {label: chosen[0] for label, chosen in (("best", successes[:1]), ("worst", worst)) if chosen}


def as_json(evaluated: Evaluated, policy_hz: float, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Outcomes as their file holds them; ``frames`` are the strips of pictures."""
    outcomes = evaluated.outcomes
    successes = [outcome for outcome in outcomes if outcome.success]
    interval = wilson(len(successes), len(outcomes))
    cycle_time_s = float(np.mean([outcome.steps for outcome in successes])) / policy_hz if successes else None
    return {
        "episodes": len(outcomes),
        "successes": len(successes),
        "ci95": [interval.low, interval.high],
        "cycle_time_s": cycle_time_s,
        "decided_by": outcomes[0].decided_by,
        "cut_short": evaluated.cut_short,
        "per_episode": [
            {
                "seed": outcome.seed,
                "success": outcome.success,
                "steps": outcome.steps,
                "judged_success": outcome.judged_success,
                "stopped": outcome.stopped,
            }
            for outcome in outcomes
        ],
        "frames": list(frames),
    }
