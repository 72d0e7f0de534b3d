"""``robolearn episodes list``, ``label``, ``drop`` and ``restore`` on real stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robolearn.cli.main import BAD_INPUT, OK, main
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, Source
from robolearn.episodes.demos import read_demos
from tests.episodes.makers import SCHEMA, info, row

ROWS = 12


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", SCHEMA)


def record(store: EpisodeStore, kind: EpisodeKind, label: bool | None, source: Source = Source.DEMO) -> str:
    """An episode of twelve rows."""
    with store.begin(info(kind)) as writer:
        for index in range(ROWS):
            writer.append(row(index, source=source))
        writer.end({True: Ending.SUCCESS, False: Ending.FAILURE, None: Ending.STOPPED}[label], label=label)
    return writer.id


def listed(store: EpisodeStore, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["episodes", "list", str(store.path), *words, "--json"]) == OK
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_every_episode_has_a_line_also_one_that_is_damaged_or_being_written(
    store: EpisodeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = record(store, EpisodeKind.DEMO, label=True)
    helped = record(store, EpisodeKind.PRACTICE, label=None, source=Source.INTERVENTION)
    damaged = record(store, EpisodeKind.PRACTICE, label=None)
    chunk = store.path / "episodes" / damaged / "integers" / "c.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with store.begin(info()) as writer:
        lines = {line["id"]: line for line in listed(store, capsys)["episodes"]}
        assert list(lines) == [demo, helped, damaged, writer.id]
        assert lines[writer.id]["ending"] == "being written"
    assert lines[demo]["label"] is True and lines[demo]["rows"] == ROWS
    assert lines[demo]["seconds"] == pytest.approx(1.1) and lines[demo]["intervention_rows"] == 0
    assert lines[helped]["intervention_rows"] == ROWS
    assert "damaged" in lines[damaged]["ending"]
    assert [line["id"] for line in listed(store, capsys, "--kind", "demo")["episodes"]] == [demo]
    assert main(["episodes", "list", str(store.path)]) == OK
    table = capsys.readouterr().out
    assert all(name in table for name in (demo, helped, damaged)) and "4 episodes" in table


def test_what_a_demonstration_is_worth_can_be_said_anew(store: EpisodeStore) -> None:
    first, second = (record(store, EpisodeKind.DEMO, label=True) for _ in range(2))
    assert main(["episodes", "label", str(store.path), "failure", second[-4:]]) == OK
    assert [demo.succeeded for demo in read_demos(store)] == [True, False]
    assert store.episode(second).ending is Ending.FAILURE
    assert main(["episodes", "label", str(store.path), "none", second]) == OK
    assert [demo.id for demo in read_demos(store)] == [first]


def test_a_thrown_away_demonstration_whose_writer_was_killed_can_still_be_judged(store: EpisodeStore) -> None:
    writer = store.begin(info(EpisodeKind.DEMO))
    for index in range(ROWS):
        writer.append(row(index, source=Source.DEMO))
    writer.close()
    assert main(["episodes", "label", str(store.path), "success", writer.id]) == OK
    (demo,) = read_demos(store)
    assert demo.succeeded and len(demo.actions) == ROWS - 1


def test_a_dropped_episode_is_left_out_until_it_is_restored(
    store: EpisodeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, dropped = (record(store, EpisodeKind.DEMO, label=True) for _ in range(2))
    assert main(["episodes", "drop", str(store.path), dropped, dropped[-4:]]) == OK, "the same one, said twice"
    assert store.ids() == [kept] and [news.episode.id for news in store.tail()[0]] == [kept]
    assert listed(store, capsys)["dropped"] == [dropped]
    assert main(["episodes", "check", str(store.path)]) == OK
    assert main(["episodes", "restore", str(store.path), dropped[-4:]]) == OK
    assert store.ids() == [kept, dropped] and listed(store, capsys)["dropped"] == []
    assert len(store.episode(dropped).columns().stamp_ns) == ROWS


def test_nothing_is_done_where_a_name_is_unknown_or_means_several(
    store: EpisodeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [record(store, EpisodeKind.DEMO, label=True) for _ in range(2)]
    assert main(["episodes", "drop", str(store.path), names[0], "nothing-like-it"]) == BAD_INPUT
    assert "nothing-like-it" in capsys.readouterr().err
    assert main(["episodes", "drop", str(store.path), "demo"]) == BAD_INPUT
    assert "2 episodes have 'demo' in their names" in capsys.readouterr().err
    assert main(["episodes", "restore", str(store.path), names[0]]) == BAD_INPUT
    assert store.ids() == names


def test_practice_is_not_relabelled_and_what_is_being_written_is_left_alone(
    store: EpisodeStore, capsys: pytest.CaptureFixture[str]
) -> None:
    practised = record(store, EpisodeKind.PRACTICE, label=None)
    assert main(["episodes", "label", str(store.path), "success", practised]) == BAD_INPUT
    assert "no demonstration but practice" in capsys.readouterr().err
    with store.begin(info(EpisodeKind.DEMO)) as writer:
        for command in (["drop", str(store.path)], ["label", str(store.path), "success"]):
            assert main(["episodes", *command, writer.id]) == BAD_INPUT
            assert "is being written" in capsys.readouterr().err
        assert writer.id in store.ids()
