"""``robolearn train reward`` says whether the classifier keeps to the false successes that it is allowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robolearn.cli.main import BAR_MISSED, OK, main
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, FeatureSchema, Source
from robolearn.learning.config import load_learning
from robolearn.learning.run_folder import RunFolder
from robolearn.vision.tower import Tower
from tests.cli.tiny import tiny_config
from tests.episodes.makers import SCHEMA, info, row

STEPS, DONE = 29, 6  # the last frames of a success
MAX_FPR = 0.3


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny configuration that allows many false successes."""
    path = tiny_config(tmp_path_factory.mktemp("config"))
    text = path.read_text().replace("steps: 30", "steps: 200").replace("max_fpr: 0.002", f"max_fpr: {MAX_FPR}")
    path.write_text(text)
    return path


def record(store: EpisodeStore, number: int, label: bool, looks_done: range) -> None:
    """A demonstration whose features show "done" in the frames ``looks_done``."""
    spec = store.schema.features
    assert spec is not None
    rng = np.random.default_rng(number)

    def seen(index: int) -> dict[str, np.ndarray]:
        features = rng.normal(0.0, 0.25, (len(spec.cameras), spec.variants, spec.dim)).astype(np.float32)
        features[..., 0 if index in looks_done else 1] += 1.0
        return dict(zip(spec.cameras, features, strict=True))

    with store.begin(info(EpisodeKind.DEMO)) as writer:
        for index in range(STEPS):
            step = row(index, store.schema, source=Source.DEMO, base=False)
            writer.append(replace(step, features=seen(index)))
        last = replace(row(STEPS, store.schema, last=True, base=False), features=seen(STEPS))
        writer.end(Ending.SUCCESS if label else Ending.FAILURE, last, label=label)


@pytest.mark.parametrize("deceptive", [False, True])
def test_false_successes_on_what_was_held_out_miss_the_bar(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], deceptive: bool
) -> None:
    """The first failure of a run is held out: a ``deceptive`` one looks like a success from its start to its end."""
    tower = Tower.load(load_learning(str(config)).features.tower)
    schema = replace(SCHEMA, features=FeatureSchema(tower.id, ("front", "wrist"), 2, tower.dim))
    run = RunFolder(tmp_path / "run")
    store = EpisodeStore.create(run.store, schema)
    for number in range(5):
        looks_done = range(STEPS + 1) if deceptive and number == 0 else range(0)
        record(store, number, label=False, looks_done=looks_done)
        record(store, 10 + number, label=True, looks_done=range(STEPS + 1 - DONE, STEPS + 1))
    status = main(["train", "reward", "--config", str(config), "--run", str(run.path), "--json"])
    told = capsys.readouterr()
    result = json.loads(told.out.splitlines()[-1])
    (bar,) = result["bars"]
    assert status == (BAR_MISSED if deceptive else OK)
    assert (bar["name"], bar["bar"], bar["value"], bar["ok"]) == ("fpr", MAX_FPR, result["fpr"], not deceptive)
    assert ("max_fpr allows 30.00%" in told.err) is deceptive
    assert (result["fpr"] > MAX_FPR) is deceptive and run.reward.is_dir()
