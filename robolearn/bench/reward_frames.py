"""Held-out frames for ``bench reward``: fresh episodes of the twin, driven by a clumsy person, labelled by the truth.

A frame counts as settled if the truth was the same one tick before and is one tick after. At a change of the truth
one picture, up to 40 ms old, cannot show contact or stillness; those frames are reported apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robolearn.autonomy.models import load_reward
from robolearn.autonomy.per_process import once_per_process
from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Action, Image, Observation, TeleopEvent
from robolearn.errors import ConfigError
from robolearn.learning.config import load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.rewards.classifier import SuccessClassifier
from robolearn.seeds import REWARD_BENCH
from robolearn.station import Station
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower
from sim.clumsy import ClumsyDemonstrator
from sim.situations import situation
from sim.world import TwinWorld

SUCCESSES, FAILURES = 5, 6  # frames taken of an episode, at most
AFTERWARDS = (0, 25)  # ticks that an episode goes on after the person has called it a success
EPISODE_S = 20.0  # longer than a task's time limit, so that there is time for a second try
WAVE = 4  # episodes of each worker between two looks at the count


@dataclass(frozen=True)
class RewardJob:
    """Whose classifier to judge, by names that another process can look up."""

    run: Path
    station: str
    task: str
    config: str


class Moment(NamedTuple):
    """One tick of an episode."""

    observation: Observation
    success: bool
    situation: str


class Judged(NamedTuple):
    """One frame, its truth, and what the classifier says of it."""

    seed: int
    tick: int
    success: bool
    settled: bool
    situation: str
    mishap: str
    probability: float
    pictures: tuple[Image, ...]  # of each camera; none if the judgement was right


class Judge:
    """A cell of the twin with a clumsy person in it, and the classifier."""

    def __init__(self, station: Station, encoder: Encoder, classifier: SuccessClassifier) -> None:
        """Raises ConfigError if the station is not a twin: nothing else knows the truth."""
        if not isinstance(station.world, TwinWorld):
            raise ConfigError(f"station {station.config.name} is no twin: its world cannot label frames by itself")
        self._station, self._encoder, self._classifier = station, encoder, classifier
        self._scene = station.world.scene
        self._person = ClumsyDemonstrator(station.world, station.config.action)
        self._person.connect()

    def episode(self, seed: int) -> list[Judged]:
        """Frames at random ticks of one episode, judged."""
        rng = np.random.default_rng([seed, 0xF4])
        moments = list(self._play(seed, int(rng.integers(*AFTERWARDS))))
        success = np.array([moment.success for moment in moments])
        settled = (success[1:-1] == success[:-2]) & (success[1:-1] == success[2:])
        inner = success[1:-1]
        chosen = [
            tick
            for pool, wanted in ((np.flatnonzero(inner), SUCCESSES), (np.flatnonzero(~inner), FAILURES))
            for tick in sorted(rng.choice(pool, min(wanted, len(pool)), replace=False).tolist())
        ]
        return [self._judge(seed, tick + 1, moments[tick + 1], bool(settled[tick])) for tick in chosen]

    def _play(self, seed: int, afterwards: int) -> Iterator[Moment]:
        """Ticks of an episode, until some time after the person's verdict."""
        self._station.reset(seed)
        self._person.begin(seed)
        left = round(EPISODE_S * self._station.config.policy_hz)
        while left > 0:
            observation = self._station.observe()
            yield Moment(observation, bool(self._station.world.succeeded()), situation(self._scene).value)
            reading = self._person.read()
            left = min(left - 1, afterwards) if reading.event is TeleopEvent.SUCCESS else left - 1
            self._station.act(Action(reading.action))

    def _judge(self, seed: int, tick: int, moment: Moment, settled: bool) -> Judged:
        observation = moment.observation
        proprio = self._station.proprio(observation.arm)
        encoded = self._encoder.encode(observation.frames, proprio, variants=1)
        probability = self._classifier.judge(encoded).probability
        wrong = (probability >= self._classifier.shape.success_above) != moment.success
        pictures = tuple(frame.rgb for frame in observation.frames.values()) if wrong else ()
        mishap = self._person.mishap.value
        return Judged(seed, tick, moment.success, settled, moment.situation, mishap, probability, pictures)


def judged_frames(job: RewardJob, wanted: int, workers: int, report: Callable[[int], None]) -> list[Judged]:
    """Judged frames of as many episodes as give ``wanted`` settled ones; the seeds alone decide which.

    Raises ConfigError, DeviceError and ModelError."""
    judged: list[Judged] = []
    settled = 0
    with _episodes(job, workers) as episodes:
        for first in count(0, WAVE * workers):
            seeds = [REWARD_BENCH.seed(first + index) for index in range(WAVE * workers)]
            for frames in episodes(seeds):
                judged += frames
                settled += sum(frame.settled for frame in frames)
            report(min(settled, wanted))
            if settled >= wanted:
                break
    numbers = np.cumsum([frame.settled for frame in judged])
    return judged[: int(np.searchsorted(numbers, wanted)) + 1]


@contextmanager
def _episodes(job: RewardJob, workers: int) -> Iterator[Callable[[Sequence[int]], Iterable[list[Judged]]]]:
    """What judges the episodes of several seeds, in their order."""
    if workers == 1:
        with ExitStack() as stack:
            judge = open_judge(job, stack)
            yield lambda seeds: map(judge.episode, seeds)
    else:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield lambda seeds: pool.map(partial(_judge_episode, job), seeds)


def open_judge(job: RewardJob, stack: ExitStack) -> Judge:
    """A judge whose cell closes with ``stack``. Raises ConfigError, DeviceError and ModelError."""
    tower = Tower.load(load_learning(job.config).features.tower)
    classifier = load_reward(RunFolder(job.run), tower)
    station = open_station(load_station(job.station), load_task(job.task))
    stack.callback(station.close)
    return Judge(station, Encoder(tower, tuple(station.config.cameras), variants=1, seed=0), classifier)


_judge_of_this_process = once_per_process(open_judge)


def _judge_episode(job: RewardJob, seed: int) -> list[Judged]:
    return _judge_of_this_process(job).episode(seed)
