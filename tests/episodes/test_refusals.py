"""What the store refuses, and what it says: bad rows, wrong schemas, newer formats, damaged files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.contracts import Decision, Ending, Verdict
from robolearn.episodes import EpisodeInfo, EpisodeKind, EpisodeStore, FeatureSchema
from robolearn.episodes.check import check_store
from robolearn.episodes.record import read_group, write_group
from robolearn.errors import BorderError, StoreError
from tests.episodes.makers import CAMERAS, SCHEMA, info, record, row

FRAME_FILE = "rgb_front/c.0.0.0.0"


@pytest.fixture
def store(tmp_path: Path) -> EpisodeStore:
    return EpisodeStore.create(tmp_path / "store", SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"proprio": np.full(4, np.nan, np.float32)}, "proprio: not finite"),
        ({"proprio": np.zeros(5, np.float32)}, r"proprio: expected shape \(4,\), got \(5,\)"),
        ({"joint_position_rad": np.array([0, np.inf])}, "joint_position_rad: not finite"),
        ({"base_action": np.zeros(2)}, "base_action: expected shape"),
        ({"gripper_load": float("nan")}, "gripper_load: not finite.*pass None"),
        ({"images": {"front": np.zeros((24, 32, 3), np.uint8)}}, "no image of 'wrist'"),
        ({"images": row(0).images | {"front": np.zeros((48, 64, 3), np.uint8)}}, "'front': the store holds"),
        ({"features": row(0).features | {"front": np.zeros((3, 9))}}, "features of 'front': expected shape"),
        ({"features": row(0).features | {"front": np.full((3, 8), 1e9)}}, "features: too large for float16"),
        ({"age_ns": {"arm": 0}}, "no age of 'front'"),
        ({"step": None}, r"hand it to end\(\)"),
        ({"step": replace(row(0).step, executed=np.full(3, np.nan))}, "executed action: not finite"),
        ({"verdict": Verdict(float("nan"), Decision.SUCCESS)}, r"outside \[0, 1\]"),
        ({"stamp_ns": -1}, "before that of the row before"),
        ({"base_action": None}, "all rows of an episode have a base action, or none"),
    ],
)
def test_a_bad_row_is_refused_and_the_episode_goes_on(
    store: EpisodeStore, change: dict[str, object], message: str
) -> None:
    with store.begin(info()) as writer:
        writer.append(row(0))
        with pytest.raises(BorderError, match=message):
            writer.append(replace(row(1), **change))
        writer.append(row(1))
        writer.end(Ending.TIMEOUT, row(2, last=True))
    assert store.episode(writer.id).columns().acted.tolist() == [True, True, False]


def test_an_episode_that_is_cut_short_needs_a_base_action_to_bootstrap_from(store: EpisodeStore) -> None:
    with store.begin(info()) as writer:
        writer.append(row(0))
        with pytest.raises(BorderError, match="needs its base action"):
            writer.end(Ending.TIMEOUT, row(1, last=True, base=False))
        with pytest.raises(BorderError, match="final observation alone"):
            writer.end(Ending.SUCCESS, row(1))
        writer.end(Ending.SUCCESS, row(1, last=True, base=False))
    with pytest.raises(StoreError, match="has ended"):
        writer.append(row(2))


def test_draws_that_are_not_json_are_refused(store: EpisodeStore) -> None:
    for draw in (float("nan"), object()):
        with pytest.raises(BorderError, match="draws must be"):
            store.begin(EpisodeInfo(EpisodeKind.DEMO, 0, "0.1.0", {"x": draw}))
    arrays = EpisodeInfo(EpisodeKind.DEMO, 0, "0.1.0", {"x": np.arange(2), "y": np.float32(0.5)})
    with store.begin(arrays) as writer:
        pass
    assert store.episode(writer.id).record.info["draws"] == {"x": [0, 1], "y": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "cube_in_bin"}, "task: lift_cube, not cube_in_bin"),
        ({"station": "other"}, "station: so101_twin, not other"),
        ({"action_names": ("dx",)}, "action_names: "),
        ({"cameras": {"front": (48, 64), "wrist": (16, 16)}}, "cameras: "),
        ({"features": FeatureSchema("other", ("front", "wrist"), 3, 8)}, "features: .*other"),
    ],
)
def test_a_store_of_something_else_is_refused(store: EpisodeStore, change: dict[str, object], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        EpisodeStore.open_or_create(store.path, replace(SCHEMA, **change))


def test_a_missing_or_newer_store_or_episode_is_named(store: EpisodeStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no episode store at .*nowhere.*robolearn record"):
        EpisodeStore.open(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="holds a store already"):
        EpisodeStore.create(store.path, SCHEMA)
    with pytest.raises(StoreError, match="unknown episode 'x'"):
        store.episode("x")
    write_group(store.path, read_group(store.path) | {"format": 2})
    with pytest.raises(StoreError, match="has format 2; this robolearn reads format 1: upgrade"):
        EpisodeStore.open(store.path)
    (store.path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    with pytest.raises(StoreError, match="was not written by robolearn"):
        EpisodeStore.open(store.path)


@pytest.mark.parametrize("array", ["floats/c.1.0", "integers/c.1.0", "features/c.1.0.0.0", "rgb_wrist/c.1.0.0.0"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "gone"])
def test_a_damaged_chunk_is_named_and_the_rest_still_reads(store: EpisodeStore, array: str, damage: str) -> None:
    name, sound = record(store), record(store)
    path = store.path / "episodes" / name / array
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content if damage == "flipped" else content[:-20])
    with pytest.raises(
        StoreError, match=f"{array} of episode {name} is damaged.*robolearn episodes check {store.path}"
    ):
        read_everything(store, name)
    reports = check_store(store.path)
    assert [bool(report.problems) for report in reports] == [True, False]
    assert array in reports[0].problems[0] and len(reports[0].problems) == 1
    read_everything(store, sound)


def test_a_damaged_record_is_named(store: EpisodeStore) -> None:
    name = record(store)
    path = store.path / "episodes" / name / "zarr.json"
    path.write_text(path.read_text().replace('"rows": 23', '"rows": 24'))
    with pytest.raises(StoreError, match="zarr.json is damaged: checksum mismatch"):
        store.episode(name)
    assert check_store(store.path)[0].problems
    shutil.rmtree(path.parent)
    assert check_store(store.path) == []


def read_everything(store: EpisodeStore, name: str) -> None:
    """Read all rows of all arrays."""
    episode = store.episode(name)
    episode.columns()
    for camera in CAMERAS:
        episode.pictures(camera, range(episode.rows))
