"""Demonstrations are read with what the person said of them, and those that nobody judged are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robolearn.autonomy.recording import DemoSet
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, Source
from robolearn.episodes.demos import read_demos
from robolearn.errors import StoreError
from tests.episodes.makers import SCHEMA, info, row

STEPS = 5


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", SCHEMA)


def record(store: EpisodeStore, ending: Ending | None, label: bool | None) -> str:
    """A demonstration of STEPS steps; without an ending its recorder is gone before it could end it."""
    with store.begin(info(EpisodeKind.DEMO)) as writer:
        for index in range(STEPS):
            writer.append(row(index, source=Source.DEMO, base=False))
        if ending is not None:
            writer.end(ending, row(STEPS, last=True, base=False), label=label)
    return writer.id


def test_success_is_what_the_person_said(store: EpisodeStore) -> None:
    judged = {
        record(store, Ending.SUCCESS, True): True,
        record(store, Ending.FAILURE, False): False,
        record(store, Ending.TIMEOUT, False): False,
    }
    demos = read_demos(store)
    assert {demo.id: demo.succeeded for demo in demos} == judged
    np.testing.assert_array_equal(demos[0].proprio, [row(index).proprio for index in range(STEPS + 1)])


@pytest.mark.parametrize("ending", [Ending.STOPPED, Ending.FAULT, None], ids=str)
def test_what_was_thrown_away_or_cut_short_is_no_failed_demonstration(
    store: EpisodeStore, ending: Ending | None
) -> None:
    record(store, ending, None)
    with pytest.raises(StoreError, match="no demonstration.*robolearn record"):
        read_demos(store)
    kept = record(store, Ending.SUCCESS, True)
    demos = read_demos(store)
    assert [demo.id for demo in demos] == [kept]
    assert len(demos) == DemoSet.of(store).count
