"""Demonstrations: a person drives, on any station, and everything that happens goes into the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robolearn.actions import GRIPPER
from robolearn.autonomy.cell import Cell, Seen, still
from robolearn.autonomy.handover import HandOver
from robolearn.autonomy.session import Session, Unwatched
from robolearn.contracts import Action, Ending, Float32, Teleop, TeleopEvent
from robolearn.episodes import EpisodeKind, EpisodeStore, EpisodeWriter, Source, Step, row_of
from robolearn.episodes.reader import Episode
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.seeds import DEMOS
from robolearn.station import NS

UNWATCHED = Unwatched()
ENDINGS = {
    TeleopEvent.SUCCESS: Ending.SUCCESS,
    TeleopEvent.FAILURE: Ending.FAILURE,
    TeleopEvent.RERECORD: Ending.STOPPED,
    TeleopEvent.ABORT: Ending.STOPPED,
}


@dataclass(frozen=True)
class DemoSet:
    """Demonstrations in a store. Attempts that a person threw away, or that a kill cut short, do not count."""

    successes: int
    failures: int
    cycle_time_s: float | None  # mean time from the start until the person called it a success; None without any

    @property
    def count(self) -> int:
        """Demonstrations that count."""
        return self.successes + self.failures

    @staticmethod
    def of(store: EpisodeStore) -> DemoSet:
        """What ``store`` holds. Raises StoreError if a record is damaged."""
        counted = [episode for episode in store.episodes() if _counts(episode)]
        succeeded = [episode for episode in counted if episode.record.label]
        durations_s = [_duration_s(episode) for episode in succeeded]
        mean_s = float(np.mean(durations_s)) if durations_s else None
        return DemoSet(len(succeeded), len(counted) - len(succeeded), mean_s)


class Recorder:
    """Records demonstrations of one cell, driven by one person."""

    def __init__(
        self, cell: Cell, teleop: Teleop, store: EpisodeStore, run_seed: int, paced: bool, session: Session = UNWATCHED
    ) -> None:
        """``paced`` slows a lock-step world down to real time, for a person of flesh and blood.

        Raises ConfigError if the person's device has other actions than the store."""
        if teleop.action_names != store.schema.action_names:
            raise ConfigError(
                f"the teleoperation device gives the actions {teleop.action_names}, the station takes "
                f"{store.schema.action_names}: choose another device"
            )
        self._cell, self._teleop, self._store, self._run_seed = cell, teleop, store, run_seed
        self._session = session
        self._period_s = 1.0 / cell.station.config.policy_hz if paced else 0.0

    def record(self, count: int, report: Callable[[DemoSet], None]) -> DemoSet:
        """Go on until the store holds ``count`` demonstrations, the person aborts, or the session stops.

        Raises DeviceError, BorderError and StoreError; the episode so far is then in the store."""
        demos = DemoSet.of(self._store)
        while demos.count < count and self._session.prepare(demos.count):
            aborted = self._episode(DEMOS.seed(demos.count, self._run_seed))
            demos = DemoSet.of(self._store)
            report(demos)
            if aborted:
                break
        return demos

    def _episode(self, seed: int) -> bool:
        """Record one attempt; True if the person wants to stop altogether."""
        info = self._cell.begin(EpisodeKind.DEMO, seed)
        self._teleop.begin(seed)
        with self._store.begin(info) as writer:
            try:
                return self._drive(writer)
            except (DeviceError, BorderError):
                writer.end(Ending.FAULT)
                raise

    def _drive(self, writer: EpisodeWriter) -> bool:
        seen = first = self._cell.look()
        gripper = self._cell.gripper_now(seen.observation)
        hands = HandOver(self._teleop, self._cell.station.config.policy_hz)
        for _ in range(self._cell.max_ticks):
            started_s = time.monotonic()
            turn = hands.turn(still(gripper))
            self._session.show(seen.observation, turn.engaged)
            if turn.event in ENDINGS:
                self._finish(writer, first, seen, ENDINGS[turn.event])
                return turn.event is TeleopEvent.ABORT
            self._step(writer, seen, turn.action)
            gripper = float(turn.action[GRIPPER])
            time.sleep(max(0.0, started_s + self._period_s - time.monotonic()))
            seen = self._cell.look()
        self._finish(writer, first, seen, Ending.TIMEOUT)
        return False

    def _step(self, writer: EpisodeWriter, seen: Seen, requested: Float32) -> None:
        result = self._cell.station.act(Action(requested))
        step = Step(requested, result.executed, Source.DEMO, result.clips)
        writer.append(row_of(seen.observation, seen.encoded, step=step))

    def _finish(self, writer: EpisodeWriter, first: Seen, seen: Seen, ending: Ending) -> None:
        label = None if ending is Ending.STOPPED else ending is Ending.SUCCESS
        last = row_of(seen.observation, seen.encoded)
        writer.end(ending, last=last, label=label, ground_truth=self._cell.truth())
        passed_ns = seen.observation.stamp_ns - first.observation.stamp_ns
        ticks = seen.observation.tick - first.observation.tick
        self._session.ended(ending, ticks * NS / passed_ns if passed_ns > 0 else None)


def _counts(episode: Episode) -> bool:
    return episode.kind is EpisodeKind.DEMO and episode.judged


def _duration_s(episode: Episode) -> float:
    stamps = episode.columns(features=False).stamp_ns
    return float(stamps[-1] - stamps[0]) / NS
