"""Actors and learners are killed with -9 at random instants, again and again: what was learned and done stays."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from robolearn.autonomy.actor import Practised
from robolearn.autonomy.recording import Recorder
from robolearn.episodes import EpisodeKind, EpisodeStore
from robolearn.episodes.check import check_store
from robolearn.learning import checkpoint
from robolearn.learning.progress_file import read_progress
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.weights import NO_VERSION, WeightsFolder
from robolearn.seeds import PRACTICE
from tests.autonomy.nursery import ROLES
from tests.autonomy.rig import ReachingPerson, base_policy, open_reach, schema, settings

RUNS, WAVES = 5, 11
MOST_WAVES = 30  # a busy machine gets further in more lives, not in longer ones
LIFE_S = (0.2, 2.0)


@dataclass
class Aftermath:
    """What was seen after each wave, for every run."""

    runs: list[RunFolder]
    killed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ROLES, 0))
    rows: list[dict[str, int]] = field(default_factory=list)  # of each episode
    updates: list[list[int]] = field(default_factory=list)
    versions: list[list[int]] = field(default_factory=list)

    def look(self) -> None:
        """Everything must open and load; note how far it is."""
        stores = [EpisodeStore.open(run.store) for run in self.runs]
        self.rows.append({episode.id: episode.rows for store in stores for episode in store.episodes()})
        saved = [checkpoint.load(run.checkpoint) for run in self.runs]
        self.updates.append([one.updates if one else 0 for one in saved])
        folders = [WeightsFolder(run.weights) for run in self.runs]
        newest = [folder.newest() for folder in folders]
        self.versions.append(newest)
        for folder, version in zip(folders, newest, strict=True):
            if version != NO_VERSION:
                folder.load(version)

    def got_somewhere(self) -> bool:
        """Every learner has saved updates, and the actors have practised some episodes' worth of steps."""
        steps = sum(Practised.of(EpisodeStore.open(run.store)).steps for run in self.runs)
        return all(last > 0 for last in self.updates[-1]) and steps > 50 * RUNS


def make_run(folder: Path) -> RunFolder:
    """A run with two demonstrations and a base policy that reaches now and then."""
    run = RunFolder(folder)
    cell, world = open_reach()
    store = EpisodeStore.create(run.store, schema())
    Recorder(cell, ReachingPerson(world), store, 0, paced=False).record(2, lambda _: None)
    base_policy(speed=0.3).save(run.base)
    settings(folder, robot_steps="100000", target_success="1.0", target_episodes="100000")
    return run


def born(log: Path, count: int) -> list[tuple[str, int]]:
    """Wait for ``count`` births in all; role and process id of each."""
    deadline_s = time.monotonic() + 100
    while time.monotonic() < deadline_s:
        words = [line.split() for line in log.read_text().splitlines() if line.startswith("born")]
        if len(words) >= count:
            return [(line[1], int(line[3])) for line in words]
        time.sleep(0.02)
    raise TimeoutError(f"fewer than {count} births: {log.read_text()}")


def kill_all(children: list[tuple[str, int]], rng: random.Random, killed: dict[str, int]) -> None:
    """Kill each child at an instant of its own."""
    start_s = time.monotonic()
    for after_s, (role, pid) in sorted((rng.uniform(*LIFE_S), child) for child in children):
        time.sleep(max(0.0, start_s + after_s - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
        killed[role] += 1


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    folder = tmp_path_factory.mktemp("crash")
    seen = Aftermath([make_run(folder / "runs" / f"run{number}") for number in range(RUNS)])
    rng, log = random.Random(0), folder / "log"
    words = [sys.executable, "-m", "tests.autonomy.nursery", str(folder / "runs")]
    with log.open("wb") as out, subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=out) as nursery:
        assert nursery.stdin
        wave = 0
        while wave < WAVES or (wave < MOST_WAVES and not seen.got_somewhere()):
            wave += 1
            nursery.stdin.write(b"more\n")
            nursery.stdin.flush()
            newest = born(log, wave * RUNS * len(ROLES))[(wave - 1) * RUNS * len(ROLES) :]
            kill_all(newest, rng, seen.killed)
            seen.look()
        nursery.stdin.close()
        assert nursery.wait(timeout=60) == 0, log.read_text()
    complaints = [line for line in log.read_text().splitlines() if not line.startswith("born")]
    assert complaints == []
    return seen


pytestmark = pytest.mark.timeout(600)


def test_fifty_actors_and_fifty_learners_were_killed_while_they_got_somewhere(aftermath: Aftermath) -> None:
    assert min(aftermath.killed.values()) >= 50
    assert aftermath.got_somewhere(), (aftermath.updates[-1], aftermath.rows[-1])


def test_counts_of_updates_and_versions_never_go_back(aftermath: Aftermath) -> None:
    for figures in (aftermath.updates, aftermath.versions):
        for run in zip(*figures, strict=True):
            assert list(run) == sorted(run)


def test_no_committed_row_is_ever_lost(aftermath: Aftermath) -> None:
    for before, after in zip(aftermath.rows, aftermath.rows[1:], strict=False):
        assert {name: rows for name, rows in before.items() if after.get(name, 0) < rows} == {}
    problems = [report for run in aftermath.runs for report in check_store(run.store) if report.problems]
    assert problems == []


def test_practice_went_on_with_the_next_episode_each_time(aftermath: Aftermath) -> None:
    for run in aftermath.runs:
        episodes = EpisodeStore.open(run.store).episodes()
        seeds = [one.record.info["seed"] for one in episodes if one.kind is EpisodeKind.PRACTICE]
        assert seeds == [PRACTICE.seed(number) for number in range(len(seeds))]


def test_a_learner_that_is_let_be_catches_up_to_the_last_update_due(aftermath: Aftermath) -> None:
    run = aftermath.runs[0]
    words = [sys.executable, "-m", "robolearn.learning", str(run.path), "--config", str(run.path / "learning.yaml")]
    due = 30 + Practised.of(EpisodeStore.open(run.store)).steps - 10
    run.progress.unlink()  # what a killed one said last must not pass for this one's
    with subprocess.Popen(words) as learner:
        deadline_s = time.monotonic() + 200
        while (progress := read_progress(run.progress)) is None or progress.updates < due:
            assert time.monotonic() < deadline_s and learner.poll() is None
            time.sleep(0.2)
        learner.send_signal(signal.SIGTERM)
        assert learner.wait(timeout=60) == 0
    saved = checkpoint.load(run.checkpoint)
    assert saved is not None and saved.updates == due
    assert WeightsFolder(run.weights).load(WeightsFolder(run.weights).newest()).updates == due
