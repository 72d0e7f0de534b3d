"""The store outlives its writers: kill -9 at random instants, and a disk that runs full."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from robolearn.contracts import Ending
from robolearn.episodes import EpisodeStore
from robolearn.episodes.check import check_store
from robolearn.errors import StoreError
from tests.episodes.makers import CAMERAS, SCHEMA, info, row

WAVES, RECORDERS = 5, 10
LONGEST_S = 3.0
ALLOWED_LOSS_S = 1.0
HOLD_UPS = 3  # of the length of the longest, that a single commit may meet


class Aftermath(NamedTuple):
    """A store after WAVES x RECORDERS kills."""

    store: EpisodeStore
    killed_ns: dict[int, int]  # by pid
    lines: list[list[str]]  # what the recorders had reported
    late_s: float  # the longest that the machine kept one of their kind waiting


def kill_a_wave(log: Path, known: set[int], rng: random.Random) -> dict[int, int]:
    """Wait for a wave of recorders and kill each at a random instant; returns those instants [ns] by pid."""
    deadline = time.monotonic() + 60
    pids: set[int] = set()
    while len(pids) < RECORDERS and time.monotonic() < deadline:
        time.sleep(0.01)
        lines = log.read_text().splitlines(keepends=True)
        pids = {int(line.split()[1]) for line in lines if line.startswith("pid") and line.endswith("\n")} - known
    start = time.monotonic()
    killed = {}
    for after, pid in sorted((rng.uniform(0, LONGEST_S), pid) for pid in pids):
        time.sleep(max(0.0, start + after - time.monotonic()))
        killed[pid] = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
    return killed


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """Kill WAVES x RECORDERS recorders."""
    folder = tmp_path_factory.mktemp("crash")
    store = EpisodeStore.create(folder / "store", SCHEMA)
    rng, killed, log = random.Random(0), {}, folder / "log"
    command = [sys.executable, "-m", "tests.episodes.nursery", str(store.path), str(RECORDERS)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, text=True) as nursery,
    ):
        assert nursery.stdin
        for _ in range(WAVES):
            nursery.stdin.write("more\n")
            nursery.stdin.flush()
            killed |= kill_a_wave(log, set(killed), rng)
        nursery.stdin.close()
        assert nursery.wait(timeout=30) == 0
    lines = [line.split() for line in log.read_text().splitlines()]
    late_s = max(float(words[1]) for words in lines if words[0] == "late")
    return Aftermath(store, killed, lines, late_s)


def test_fifty_kills_leave_a_store_that_opens_and_is_sound(aftermath: Aftermath) -> None:
    store, killed = aftermath.store, aftermath.killed_ns
    assert len(killed) == WAVES * RECORDERS >= 50
    reports = check_store(store.path)
    assert [report.problems for report in reports if report.problems] == []
    assert all(report.ending is not None for report in reports)
    assert sum(report.recovered for report in reports) > WAVES * RECORDERS // 2


def test_a_kill_loses_at_most_the_last_second(aftermath: Aftermath) -> None:
    store, killed = aftermath.store, aftermath.killed_ns
    allowed_ns = int((ALLOWED_LOSS_S + HOLD_UPS * aftermath.late_s) * 1e9)
    due: dict[str, int] = {}
    for words in aftermath.lines:
        if words[0] == "row" and int(words[4]) <= killed[int(words[1])] - allowed_ns:
            due[words[2]] = int(words[3]) + 1
        if words[0] == "end":
            due[words[2]] = int(words[3])
    assert due, "the machine is too busy to show anything"
    rows = {episode.id: episode.rows for episode in store.episodes()}
    assert {name: (rows[name], needed) for name, needed in due.items() if rows[name] < needed} == {}


def test_what_a_kill_leaves_is_what_was_recorded(aftermath: Aftermath) -> None:
    for episode in aftermath.store.episodes():
        columns = episode.columns()
        assert columns.acted[:-1].all() and not columns.acted[-1:].any()
        assert episode.record.recovered == (episode.ending is Ending.STOPPED)
        for index in range(0, episode.rows, 7):
            expected = row(index)
            np.testing.assert_array_equal(columns.proprio[index], expected.proprio)
            for camera in CAMERAS:
                np.testing.assert_array_equal(episode.pictures(camera, [index])[0], expected.images[camera])


FILLER = """
import resource, sys
from pathlib import Path
from robolearn.episodes import EpisodeStore
from robolearn.errors import StoreError
from tests.episodes.makers import info, row
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with EpisodeStore.open(Path(sys.argv[1])).begin(info()) as writer:
        for index in range(100_000):
            writer.append(row(index))
except StoreError as error:
    print(error)
"""


def fill(store: EpisodeStore, limit: int) -> str:
    """Record in another process until it stops; ``limit`` bounds the size of a file. Returns what it said."""
    command = [sys.executable, "-c", FILLER, str(store.path), str(limit)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout


def test_a_write_that_fails_stops_recording_with_the_episode_so_far_intact(tmp_path: Path) -> None:
    store = EpisodeStore.create(tmp_path / "store", SCHEMA)
    words = fill(store, limit=6000)
    (report,) = check_store(store.path)
    assert "recording stopped: the disk refuses" in words and f"intact up to row {report.rows};" in words
    assert (report.ending, report.recovered, report.problems) == (Ending.STOPPED, True, ())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount; the test with a bound on files covers a write that fails")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_named_and_leaves_the_episode_so_far(small_disk: Path) -> None:
    store = EpisodeStore.create(small_disk / "store", SCHEMA)
    words = fill(store, limit=0)
    reports = check_store(store.path)
    assert "recording stopped: the disk is full" in words and f"intact up to row {reports[0].rows};" in words
    assert reports[0].rows > 50 and reports[0].recovered and not reports[0].problems
    with pytest.raises(StoreError, match="No space left"):
        for _ in range(1000):
            store.begin(info()).close()
    reports = check_store(store.path)
    assert not any(report.problems for report in reports)
    shutil.rmtree(store.path / "episodes" / reports[0].id)
    with store.begin(info()) as writer:
        writer.append(row(0))
    assert store.episode(writer.id).rows == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_whose_thread_dies_says_so_and_lets_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(rgb: object) -> bytes:
        raise RuntimeError("codec")

    monkeypatch.setattr("robolearn.episodes.writer.encode_picture", broken)
    store = EpisodeStore.create(tmp_path / "store", SCHEMA)
    writer = store.begin(info())
    with pytest.raises(StoreError, match="has died; its traceback is on stderr"):
        for index in range(100):
            writer.append(row(index))
    with pytest.raises(StoreError, match="has died"):
        writer.close()
    assert store.episode(writer.id).ending is Ending.STOPPED
