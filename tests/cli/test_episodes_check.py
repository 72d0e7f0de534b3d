"""``robolearn episodes check`` on sound, damaged and missing stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robolearn.cli.main import BAD_INPUT, BAR_MISSED, OK, main
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeStore
from tests.episodes.makers import SCHEMA, info, row


def record(store: EpisodeStore) -> str:
    """An episode of twelve rows."""
    with store.begin(info()) as writer:
        for index in range(12):
            writer.append(row(index))
        writer.end(Ending.TIMEOUT)
    return writer.id


def test_a_sound_store_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = EpisodeStore.create(tmp_path / "store", SCHEMA)
    record(store)
    store.begin(info()).close()
    assert main(["episodes", "check", str(store.path), "--json"]) == OK
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["episodes"], result["rows"], result["recovered"], result["damaged"]) == (2, 12, 1, {})
    assert result["endings"] == {"timeout": 1, "stopped": 1}


def test_a_damaged_episode_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = EpisodeStore.create(tmp_path / "store", SCHEMA)
    record(store)
    name = record(store)
    chunk = store.path / "episodes" / name / "floats" / "c.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    assert main(["episodes", "check", str(store.path), "--json"]) == BAR_MISSED
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(result["damaged"]) == [name] and "floats/c.0.0" in result["damaged"][name][0]


def test_a_folder_without_a_store_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["episodes", "check", str(tmp_path)]) == BAD_INPUT
    assert "there is no episode store" in capsys.readouterr().err
