"""The script behind the shipped tower, at a size that tests can afford."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robolearn.cli.main import main
from robolearn.vision.tower import Tower


def test_a_tower_is_trained_from_fresh_pictures_and_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "tower", "--scenes", "256", "--epochs", "1", "--out", str(tmp_path / "own"), "--json"]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["scenes"] == 256 and np.isfinite(said["readout"])
    tower = Tower.load(str(tmp_path / "own"))
    features = tower.encode([np.zeros((128, 128, 3), np.uint8)])
    assert features.shape == (1, tower.dim) and tower.id != Tower.load("twin").id
    assert tower.readout(("front", "wrist")).shape[:2] == (2, tower.dim)


def test_too_few_scenes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tower", "--scenes", "10", "--out", str(tmp_path)]) == 2
    assert "--scenes must be at least 256" in capsys.readouterr().err
