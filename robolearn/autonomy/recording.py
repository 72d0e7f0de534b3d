"""Demonstrations: a person drives, on any station, and everything that happens goes into the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robolearn.autonomy.cell import GRIPPER, Cell, Seen, still
from robolearn.contracts import Action, Ending, Teleop, TeleopEvent, TeleopReading
from robolearn.episodes import EpisodeKind, EpisodeStore, EpisodeWriter, Source, Step, row_of
from robolearn.episodes.reader import Episode
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.seeds import DEMOS
from robolearn.station import NS

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

    def __init__(self, cell: Cell, teleop: Teleop, store: EpisodeStore, run_seed: int, paced: bool) -> None:
        """``paced`` slows a lock-step world down to real time, for a person of flesh and blood.

        Raises ConfigError if the person's device has other actions than the store."""
        if teleop.action_names != store.schema.action_names:
            raise ConfigError(
                f"the teleoperation device gives the actions {teleop.action_names}, the station takes "
                f"{store.schema.action_names}: choose another device"
            )
        self._cell, self._teleop, self._store, self._run_seed = cell, teleop, store, run_seed
        self._period_s = 1.0 / cell.station.config.policy_hz if paced else 0.0

    def record(self, count: int, report: Callable[[DemoSet], None]) -> DemoSet:
        """Go on until the store holds ``count`` demonstrations, or the person aborts.

        Raises DeviceError, BorderError and StoreError; the episode so far is then in the store."""
        demos = DemoSet.of(self._store)
        while demos.count < count:
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
        seen = self._cell.look()
        gripper = self._cell.gripper_now(seen.observation)
        for _ in range(self._cell.max_ticks):
            started_s = time.monotonic()
            reading = self._teleop.read()
            if reading.event in ENDINGS:
                self._finish(writer, seen, ENDINGS[reading.event])
                return reading.event is TeleopEvent.ABORT
            gripper = self._step(writer, seen, reading, gripper)
            time.sleep(max(0.0, started_s + self._period_s - time.monotonic()))
            seen = self._cell.look()
        self._finish(writer, seen, Ending.TIMEOUT)
        return False

    def _step(self, writer: EpisodeWriter, seen: Seen, reading: TeleopReading, gripper: float) -> float:
        """Do what the person does, or stand still, and return where the gripper is to stay."""
        requested = reading.action if reading.engaged else still(gripper)
        result = self._cell.station.act(Action(requested))
        step = Step(requested, result.executed, Source.DEMO, result.clips)
        writer.append(row_of(seen.observation, seen.encoded, step=step))
        return float(requested[GRIPPER])

    def _finish(self, writer: EpisodeWriter, seen: Seen, ending: Ending) -> None:
        label = None if ending is Ending.STOPPED else ending is Ending.SUCCESS
        truth = self._cell.station.world.succeeded()
        writer.end(ending, last=row_of(seen.observation, seen.encoded), label=label, ground_truth=truth)


def _counts(episode: Episode) -> bool:
    return episode.kind is EpisodeKind.DEMO and episode.record.label is not None


def _duration_s(episode: Episode) -> float:
    stamps = episode.columns(features=False).stamp_ns
    return float(stamps[-1] - stamps[0]) / NS
