"""A cell as a Gymnasium environment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from robolearn.config import find
from robolearn.env import ID, PROPRIO, CellEnv
from robolearn.errors import BorderError, ConfigError

STILL = np.zeros(5, np.float32)


@pytest.fixture
def cell() -> Iterator[CellEnv]:
    made = CellEnv(task="lift_cube", render_mode="rgb_array")
    yield made
    made.close()


@pytest.mark.timeout(300)
def test_gymnasium_itself_has_no_complaint(cell: CellEnv) -> None:
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        check_env(cell, skip_render_check=True, skip_close_check=True)
    told = [str(complaint.message) for complaint in complaints]
    assert [one for one in told if "infinity" not in one] == [], "only the robot's state is without bounds"


@pytest.mark.parametrize("name", [ID, f"robolearn.env:{ID}"])
def test_it_is_made_by_its_id(name: str) -> None:
    made = gymnasium.make(name, task="lift_cube")
    try:
        assert set(cast(gymnasium.spaces.Dict, made.observation_space).spaces) == {PROPRIO, "front", "wrist"}
    finally:
        made.close()


def test_what_is_seen_through_a_crop_fits_the_space(tmp_path: Path) -> None:
    shipped = find("stations", "so101_twin").read_text(encoding="utf-8")
    whole = "front: {width: 128, height: 128, fps: 30}"
    assert whole in shipped
    station = tmp_path / "cropped.yaml"
    cropped = f"{whole[:-1]}, crop: {{x: 20, y: 4, width: 96, height: 112}}}}"
    station.write_text(shipped.replace(whole, cropped), encoding="utf-8")
    made = CellEnv(station=str(station), task="lift_cube")
    try:
        seen = [made.reset(seed=0)[0], made.step(STILL)[0]]
        assert all(made.observation_space.contains(one) for one in seen)
        assert {one["front"].shape for one in seen} == {(112, 96, 3)}
    finally:
        made.close()


def test_the_same_seed_is_the_same_start_and_another_is_another(cell: CellEnv) -> None:
    first, drawn = cell.reset(seed=3)
    again, same = cell.reset(seed=3)
    assert drawn == same and (first["front"] == again["front"]).all()
    assert cell.reset(seed=4)[1] != drawn


def test_time_running_out_truncates_and_does_not_terminate(cell: CellEnv) -> None:
    cell.reset(seed=0)
    ends = [cell.step(STILL)[1:] for _ in range(100)]
    assert all(end[:3] == (0.0, False, False) for end in ends[:-1])
    reward, terminated, truncated, info = ends[-1]
    assert (reward, terminated, truncated, info["ending"]) == (0.0, False, True, "timeout")


def test_success_terminates_and_pays_once() -> None:
    seen = iter([False, False, True])
    cell = CellEnv(task="lift_cube", judge=lambda observation: next(seen))
    cell.reset(seed=0)
    ends = [cell.step(STILL)[1:] for _ in range(3)]
    cell.close()
    assert [end[:3] for end in ends] == [(0.0, False, False), (0.0, False, False), (1.0, True, False)]
    assert ends[-1][3]["ending"] == "success"


def test_a_fault_truncates_and_is_told(cell: CellEnv) -> None:
    cell.reset(seed=0)
    cell._station.arm.stop("a person pressed the button")
    _, reward, terminated, truncated, info = cell.step(STILL)
    assert (reward, terminated, truncated, info["ending"]) == (0.0, False, True, "fault")
    assert "a person pressed the button" in info["fault"]


@pytest.mark.parametrize("bad", [np.nan, 1.5])
def test_a_bad_action_is_refused(cell: CellEnv, bad: float) -> None:
    cell.reset(seed=0)
    with pytest.raises(BorderError):
        cell.step(np.full(5, bad, np.float32))


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(ConfigError, match="unknown task 'lift_cub'"):
        CellEnv(task="lift_cub")


def test_a_picture_is_rendered(cell: CellEnv) -> None:
    cell.reset(seed=0)
    picture = cell.render()
    assert picture is not None and picture.shape == (128, 128, 3)
