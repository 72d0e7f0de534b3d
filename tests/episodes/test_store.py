"""The store: what goes in comes out, in this process, in another one, and in plain zarr."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from robolearn.contracts import Decision, Ending
from robolearn.episodes import Cursor, EpisodeKind, EpisodeStore, Source
from robolearn.episodes.writer import FLUSH_S
from robolearn.errors import BorderError, StoreError
from tests.episodes.makers import CAMERAS, SCHEMA, info, record, row

PATIENCE_S = 20.0  # for what takes a third of a second on a machine of its own


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", SCHEMA)


def wait_for_rows(look: Callable[[], int], rows: int, within_s: float = PATIENCE_S) -> None:
    """Until so many are committed."""
    deadline_s = time.monotonic() + within_s
    while look() < rows:
        assert time.monotonic() < deadline_s, f"{look()} rows of {rows} are committed"
        time.sleep(0.01)


def test_an_episode_reads_back_as_it_was_recorded(store: EpisodeStore) -> None:
    name = record(store)
    episode = EpisodeStore.open(store.path, SCHEMA).episode(name)
    assert (episode.rows, episode.ending, episode.kind) == (23, Ending.SUCCESS, EpisodeKind.PRACTICE)
    assert (episode.record.label, episode.record.ground_truth, episode.record.recovered) == (
        True,
        False,
        False,
    )
    assert episode.record.info == json.loads(json.dumps(info().to_json()))
    columns = episode.columns()
    assert columns.features is not None
    for index in range(23):
        expected = row(index, last=index == 22)
        assert columns.stamp_ns[index] == expected.stamp_ns
        assert columns.age_ns[index].tolist() == [expected.age_ns[part] for part in SCHEMA.parts]
        for column in ("proprio", "joint_position_rad", "ee_pose_base", "base_action"):
            np.testing.assert_array_equal(getattr(columns, column)[index], getattr(expected, column))
        assert columns.gripper_opening[index] == 0.5 and np.isnan(columns.gripper_load[index])
        assert columns.probability[index] == 0.25 and columns.decision[index] == Decision.FAILURE.value
        assert columns.reward_version[index] == 3
        stack = np.stack([expected.features[name] for name in CAMERAS]).astype(np.float16)
        np.testing.assert_array_equal(columns.features[index], stack)
        for camera in CAMERAS:
            np.testing.assert_array_equal(episode.pictures(camera, [index])[0], expected.images[camera])
        step = expected.step
        assert columns.acted[index] == (step is not None)
        np.testing.assert_array_equal(columns.requested[index], step.requested if step else 0)
        np.testing.assert_array_equal(columns.executed[index], step.executed if step else 0)
        assert columns.clips[index] == (step.clips if step else ())
        assert columns.source[index] == (step.source if step else Source.NONE)
        assert columns.weights_version[index] == (step.weights_version if step else -1)


def test_any_slice_of_rows_is_that_slice_of_the_whole(store: EpisodeStore) -> None:
    episode = store.episode(record(store))
    whole = episode.columns()
    for start, stop in ((0, 0), (0, 1), (9, 11), (10, 20), (22, 23), (3, 23)):
        part = episode.columns(start, stop)
        assert part.clips == whole.clips[start:stop]
        for name in set(part._fields) - {"clips"}:
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[start:stop])
    with pytest.raises(BorderError, match="episode .* has 23"):
        episode.columns(0, 24)
    with pytest.raises(BorderError, match="rows 0 to 22"):
        episode.pictures("front", [23])
    with pytest.raises(BorderError, match="Did you mean 'wrist'"):
        episode.pictures("wirst", [0])


def test_zarr_python_alone_reads_the_store(store: EpisodeStore) -> None:
    name = record(store)
    episode = store.episode(name)
    group = zarr.open_group(store.path, mode="r")[f"episodes/{name}"]
    assert isinstance(group, zarr.Group)
    assert sorted(group.array_keys()) == ["features", "floats", "integers", "rgb_front", "rgb_wrist"]
    for camera in CAMERAS:
        np.testing.assert_array_equal(group[f"rgb_{camera}"], episode.pictures(camera, range(23)))
    np.testing.assert_array_equal(group["features"], episode.columns().features)
    proprio = slice(*group["floats"].attrs["columns"]["proprio"])
    np.testing.assert_array_equal(np.asarray(group["floats"])[:, proprio], episode.columns().proprio)


def test_zarr_python_reads_an_episode_that_grows_up_to_the_rows_in_its_record(store: EpisodeStore) -> None:
    with store.begin(info()) as writer:
        for index in range(20):
            writer.append(row(index))
        wait_for_rows(lambda: writer.committed, 20)
        group = zarr.open_group(store.path, mode="r")[f"episodes/{writer.id}"]
        rows = group.attrs["robolearn"]["rows"]
        assert rows == 20
        pictures = np.asarray(group["rgb_front"][:rows])
        np.testing.assert_array_equal(pictures[19], row(19).images["front"])


def test_arrays_are_made_longer_as_an_episode_outgrows_them(
    store: EpisodeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robolearn.episodes.commits.AHEAD_ROWS", 20)
    name = record(store, 95)
    group = zarr.open_group(store.path, mode="r")[f"episodes/{name}"]
    assert group["floats"].shape[0] == group["rgb_wrist"].shape[0] == 95
    assert store.episode(name).columns().stamp_ns[94] == row(94).stamp_ns


def test_a_row_is_committed_soon_after_it_was_appended(store: EpisodeStore) -> None:
    with store.begin(info()) as writer:
        writer.append(row(0))
        wait_for_rows(lambda: writer.committed, 1, within_s=2 * FLUSH_S)
        assert store.episode(writer.id).ending is None
    assert store.episode(writer.id).ending is Ending.STOPPED


def test_tailing_brings_every_row_once(store: EpisodeStore) -> None:
    stamps: dict[str, list[int]] = {}
    cursor: Cursor | None = None
    record(store, 12)
    with store.begin(info()) as writer:
        for index in range(31):
            writer.append(row(index))
            if index == 15:  # chunks are written whole: these rows are in two
                wait_for_rows(lambda: writer.committed, 16)
            news, cursor = store.tail(cursor)
            for item in news:
                assert item.first_row == len(stamps.setdefault(item.episode.id, []))
                stamps[item.episode.id] += item.columns.stamp_ns.tolist()
        assert len(stamps[writer.id]) >= 16
        writer.end(Ending.FAILURE)
    news, cursor = store.tail(cursor, features=False)
    assert [item.episode.ending for item in news] == [Ending.FAILURE]
    assert news[0].columns.features is None
    stamps[writer.id] += news[0].columns.stamp_ns.tolist()
    assert stamps[writer.id] == [row(index).stamp_ns for index in range(31)]
    assert store.tail(cursor) == ([], cursor)


RECORDER = """
import sys
from pathlib import Path
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeStore
from tests.episodes.makers import info, row
with EpisodeStore.open(Path(sys.argv[1])).begin(info()) as writer:
    for index in range(25):
        writer.append(row(index))
    print(writer.id, flush=True)
    sys.stdin.readline()
    writer.end(Ending.TIMEOUT, row(25, last=True))
"""


def test_another_process_sees_an_episode_while_it_grows(store: EpisodeStore) -> None:
    command = [sys.executable, "-c", RECORDER, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout and recorder.stdin
        name = recorder.stdout.readline().strip()
        wait_for_rows(lambda: store.episode(name).rows, 25, within_s=2 * FLUSH_S)
        news, cursor = store.tail()
        assert [(item.episode.id, item.episode.rows, item.episode.ending) for item in news] == [(name, 25, None)]
        assert news[0].columns.acted.all()
        recorder.stdin.write("end\n")
        recorder.stdin.flush()
        assert recorder.wait(timeout=30) == 0
    news, _ = store.tail(cursor)
    assert [(item.first_row, item.episode.rows, item.episode.ending) for item in news] == [(25, 26, Ending.TIMEOUT)]


def test_two_episodes_can_be_written_at_the_same_time(store: EpisodeStore) -> None:
    with store.begin(info()) as one, store.begin(info()) as two:
        for index in range(15):
            one.append(row(index))
            two.append(row(100 + index))
        one.end(Ending.TIMEOUT)
        two.end(Ending.TIMEOUT)
    first, second = store.episodes()
    assert (first.id, second.id) == (one.id, two.id)
    assert first.columns().stamp_ns[0] != second.columns().stamp_ns[0]


def test_an_episode_without_a_final_observation_loses_its_last_step_alone(store: EpisodeStore) -> None:
    with store.begin(info()) as writer:
        for index in range(5):
            writer.append(row(index))
        writer.end(Ending.STOPPED)
    columns = store.episode(writer.id).columns()
    assert columns.acted.tolist() == [True] * 4 + [False]
    assert (columns.executed[-1] == 0).all()


def test_features_and_pictures_are_optional(tmp_path: Path) -> None:
    schema = replace(SCHEMA, features=None, store_images=False)
    store = EpisodeStore.create(tmp_path / "store", schema)
    episode = store.episode(record(store))
    assert episode.columns().features is None
    with pytest.raises(StoreError, match="store_images"):
        episode.pictures("front", [0])
