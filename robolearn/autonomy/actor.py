"""Practice: the policy acts and explores, the reward model judges, and every tick goes into the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from torch import Tensor

from robolearn.autonomy.cell import Cell, Seen
from robolearn.autonomy.confirm import Confirmed
from robolearn.autonomy.handover import HandOver
from robolearn.autonomy.timing import Stopwatch
from robolearn.contracts import Action, Decision, Encoded, Ending, Float32, Teleop, TeleopEvent, Verdict
from robolearn.episodes import EpisodeKind, EpisodeStore, EpisodeWriter, Row, Source, Step, row_of
from robolearn.episodes.reader import Episode
from robolearn.errors import BorderError, DeviceError, ModelError
from robolearn.learning.config import PracticeSettings
from robolearn.learning.weights import NO_VERSION, WeightsFolder
from robolearn.seeds import PRACTICE

STOPPING = {TeleopEvent.SUCCESS, TeleopEvent.FAILURE, TeleopEvent.RERECORD, TeleopEvent.ABORT}
LABELS = {TeleopEvent.SUCCESS: True, TeleopEvent.FAILURE: False}


class ExploringPolicy(Protocol):
    """A base policy with a residual on it."""

    base_action: Float32  # (A,) of the newest tick

    def reset(self) -> None:
        """An episode starts."""

    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Take newer weights of the residual. Raises RuntimeError if they do not fit."""

    def explore(self, encoded: Encoded, noise: float, rng: np.random.Generator | None) -> Action:
        """Action with Gaussian noise of standard deviation ``noise``."""


@dataclass
class Tally:
    """What is counted of one practice episode."""

    steps: int = 0
    intervention_steps: int = 0
    clips: int = 0
    reward: float = 0.0
    ending: Ending = Ending.STOPPED
    fault: str = ""  # that cut it short
    event: TeleopEvent = TeleopEvent.NONE  # what a person ended it with

    @property
    def unaided(self) -> bool:
        """True for a success that nobody helped with."""
        return self.ending is Ending.SUCCESS and self.intervention_steps == 0


@dataclass(frozen=True)
class Practised:
    """How far practice is: episodes and steps so far, and which episodes succeeded with nobody's help."""

    episodes: int = 0
    steps: int = 0
    outcomes: tuple[bool, ...] = ()

    @staticmethod
    def of(store: EpisodeStore) -> Practised:
        """What ``store`` holds, also of episodes that a kill cut short. Raises StoreError for damage."""
        past = [episode for episode in store.episodes() if episode.kind is EpisodeKind.PRACTICE]
        steps = sum(max(0, episode.rows - 1) for episode in past)
        judged = tuple(_unaided(episode) for episode in past if not episode.record.recovered)
        return Practised(len(past), steps, judged)

    def after(self, tally: Tally) -> Practised:
        """With one more episode."""
        outcomes = (*self.outcomes, tally.unaided)
        return Practised(self.episodes + 1, self.steps + tally.steps, outcomes)

    def success_rate(self, newest: int) -> float | None:
        """Share of successes among the ``newest`` episodes, as the reward model saw them; None if there are fewer."""
        recent = self.outcomes[-newest:]
        return sum(recent) / newest if len(recent) == newest else None


def _unaided(episode: Episode) -> bool:
    helped = episode.columns(features=False).source == Source.INTERVENTION.value
    return episode.ending is Ending.SUCCESS and not helped.any()


@dataclass
class Actor:
    """Practises in one cell; everything it has to remember is in the store."""

    cell: Cell
    store: EpisodeStore
    policy: ExploringPolicy
    reward: Confirmed
    weights: WeightsFolder
    settings: PracticeSettings
    run_seed: int
    reward_version: int
    say: Callable[[str], None]
    teleop: Teleop | None = None
    wait: Callable[[int], None] | None = None  # given the steps practised so far, before each; None on a real robot
    version: int = NO_VERSION
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    _refused: set[int] = field(default_factory=set)
    _hands: HandOver | None = None

    def episode(self, practised: Practised) -> Tally:
        """Practise one episode. A fault ends it as FAULT. Raises StoreError, and ModelError for unfit weights."""
        index = practised.episodes
        seed = PRACTICE.seed(index, self.run_seed)
        self.refresh()
        self.policy.reset()
        self.reward.reset()
        beginning = self.cell.begin(EpisodeKind.PRACTICE, seed)
        if self.teleop is not None:  # only now: what a person says while the cell is reset is not said of this episode
            self.teleop.begin(seed)
            self._hands = HandOver(self.teleop, self.cell.station.config.policy_hz)
        tally = Tally()
        with self.store.begin(beginning) as writer:
            try:
                self._drive(writer, tally, practised.steps, np.random.default_rng([seed, 0xAC7]))
            except (DeviceError, BorderError) as fault:
                self.say(f"episode {index} was cut short by a fault: {fault}")
                tally.ending, tally.fault = Ending.FAULT, str(fault)
                writer.end(Ending.FAULT)
        tally.steps = max(0, writer.rows - 1)
        return tally

    def refresh(self) -> None:
        """Load the newest weights. Those that are damaged are refused, named, and the old ones stay.

        Raises ModelError for sound weights that do not fit the policy."""
        newest = self.weights.newest()
        if newest <= self.version or newest in self._refused:
            return
        try:
            loaded = self.weights.load(newest)
        except ModelError as fault:
            self._refused.add(newest)
            self.say(f"refused: {fault}; version {self.version} stays in use")
            return
        try:
            self.policy.load_weights(dict(loaded.tensors))
        except RuntimeError as cause:
            raise ModelError(
                f"version {newest} in {self.weights.path} does not fit this policy: {cause}. Were they learned with "
                "other settings? Remove the folders weights and learner of the run to learn anew on the same data."
            ) from cause
        self.version = newest

    def _drive(self, writer: EpisodeWriter, tally: Tally, steps: int, rng: np.random.Generator) -> None:
        noise = 0.0 if rng.random() < self.settings.quiet_share else self.settings.exploration_noise
        for tick in range(self.cell.max_ticks + 1):
            if self.wait is not None:
                self.wait(steps + tick)
            if tick % self.settings.refresh_ticks == 0:
                self.refresh()
            seen = self.cell.look(stopwatch=self.stopwatch)
            verdict = self.reward.judge(seen.encoded)
            self.stopwatch.lap("reward")
            action = self.policy.explore(seen.encoded, noise, rng)
            self.stopwatch.lap("policy")
            if verdict.decision is Decision.SUCCESS:
                tally.reward += 1.0
                self._finish(writer, seen, verdict, tally, Ending.SUCCESS)
                return
            if tick == self.cell.max_ticks:
                self._finish(writer, seen, verdict, tally, Ending.TIMEOUT)
                return
            taken, source, event = self._person(action, tally)
            if event in STOPPING:
                tally.event = event
                self._finish(writer, seen, verdict, tally, Ending.STOPPED)
                return
            self._step(writer, seen, verdict, taken, source, tally)

    def _person(self, action: Action, tally: Tally) -> tuple[Action, Source, TeleopEvent]:
        """What is to be done: the person's action while somebody drives, the policy's otherwise."""
        if self._hands is None:
            return action, Source.POLICY, TeleopEvent.NONE
        turn = self._hands.turn(action.values)
        tally.intervention_steps += turn.engaged
        return Action(turn.action), Source.INTERVENTION if turn.engaged else Source.POLICY, turn.event

    def _step(
        self, writer: EpisodeWriter, seen: Seen, verdict: Verdict, action: Action, source: Source, tally: Tally
    ) -> None:
        base_action = self.policy.base_action.copy()
        self.stopwatch.start()
        result = self.cell.station.act(action)
        self.stopwatch.lap("act")
        tally.clips += len(result.clips)
        step = Step(action.values, result.executed, source, result.clips, self.version)
        writer.append(self._row(seen, verdict, base_action, step))
        self.stopwatch.lap("store")

    def _finish(self, writer: EpisodeWriter, seen: Seen, verdict: Verdict, tally: Tally, ending: Ending) -> None:
        tally.ending = ending
        last = self._row(seen, verdict, self.policy.base_action.copy(), None)
        writer.end(ending, last=last, label=LABELS.get(tally.event), ground_truth=self.cell.truth())

    def _row(self, seen: Seen, verdict: Verdict, base_action: Float32, step: Step | None) -> Row:
        return row_of(
            seen.observation, seen.encoded, base_action=base_action, verdict=verdict,
            reward_version=self.reward_version, step=step,
        )  # fmt: skip
