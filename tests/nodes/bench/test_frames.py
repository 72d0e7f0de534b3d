"""Frames of 640x480 come through from camera nodes that are processes; by default most would be lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from robolearn.nodes.bench.command import bars, frames
from robolearn.nodes.bench.listening import Commands, percentiles
from robolearn.nodes.bench.rig import FRAMES, TASK, number_of, numbered, write_station
from robolearn.nodes.link import Link
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.rules import argument
from robolearn.nodes.up.setups import Wanted, starts
from tests.nodes.processes import PATIENCE_S, own_network

SECONDS = 3.0
MOST_LOST = 0.3  # of a machine that does other things besides; without the profile it is more than 0.8


@pytest.fixture
def cameras(tmp_path: Path) -> Iterator[list[Child]]:
    """The two camera nodes of the cell under test, as processes."""
    station = write_station(tmp_path, tmp_path / "no_arm")
    wanted = Wanted("cell", str(station), "", (argument("task", TASK),))
    children = [Child(start, tmp_path, "warn") for start in starts(wanted) if start.entry.name == "camera_node"]
    with own_network():
        try:
            for child in children:
                child.start()
            yield children
        finally:
            end_all(children)


def test_frames_of_two_cameras_come_through(cameras: list[Child]) -> None:
    with closing(Link("test", patience_s=PATIENCE_S)) as link:
        counted = frames(link, cameras, SECONDS)
    assert counted["sent"] >= 20
    assert counted["lost"] <= MOST_LOST * counted["sent"]
    assert 0.0 < counted["cpu_of_a_camera"] < 1.0


def test_every_frame_of_the_film_shows_its_number() -> None:
    assert [number_of(numbered(number)) for number in range(FRAMES)] == list(range(FRAMES))


def test_a_command_is_timed_from_the_stamp_of_its_frame() -> None:
    commands = Commands()
    commands.note(1_000_000_000, 1_004_000_000)
    commands.note(2_000_000_000, 2_003_000_000)
    took_ms = commands.took_ms([(1_000_000_400, 980_000_000), (2_000_000_000, 1_990_000_000), (3_000_000_000, 0)])
    assert took_ms == [24.0, 13.0]


def test_what_was_not_measured_is_told_as_nothing() -> None:
    assert percentiles([]) == {"p50_ms": None, "p99_ms": None, "count": 0}
    assert percentiles(np.arange(101.0).tolist()) == {"p50_ms": 50.0, "p99_ms": 99.0, "count": 101}


@pytest.mark.parametrize(
    ("times", "lost", "missed", "expected"),
    [(1.5, 0, 0, True), (1.6, 0, 0, False), (math.nan, 0, 0, False), (1.5, 1, 0, False), (1.5, 0, 1, False)],
)
def test_a_bar_that_is_missed_is_told(times: float, lost: int, missed: int, expected: bool) -> None:
    ours = {"robolearn": {"missed": missed}}
    figures = {"10_hz": {"p99_times_bare": 1.0, **ours}, "30_hz": {"p99_times_bare": times, **ours}}
    figures["frames"] = {"lost": lost}
    assert all(bar.ok for bar in bars(figures)) is expected
