"""What an episode starts from is drawn from its seed, inside the ranges of the task's file."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from robolearn.backends import load_task
from robolearn.seeds import DEMOS, EVALUATION
from sim import draws
from sim.config import Randomisation, TwinTask
from sim.draws import Draws
from sim.scene import Scene
from tests.sim.cells import TASKS, blind_cell, twin_task

SEEDS = [EVALUATION.seed(index) for index in range(100)]


def drawn(task: TwinTask, seed: int) -> Draws:
    return draws.sample(task, np.random.default_rng(seed), cameras=2)


@pytest.mark.parametrize("name", TASKS)
def test_the_same_seed_draws_the_same_and_another_seed_something_else(name: str) -> None:
    task = twin_task(name)
    assert drawn(task, 5) == drawn(task, 5)
    assert len({drawn(task, seed).cube_position_base_m for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("name", TASKS)
def test_every_draw_lies_in_its_range_and_fills_it(name: str) -> None:
    task = twin_task(name)
    ranges = {span.name: getattr(task.randomise, span.name) for span in dataclasses.fields(Randomisation)}
    start = np.array(task.start_joint_position_rad)
    samples = [drawn(task, seed) for seed in SEEDS]
    for field, (low, high) in ranges.items():
        if field == "start_joint_offset_rad":
            values = np.array([sample.start_joint_position_rad for sample in samples]) - start
        else:
            values = np.array([getattr(sample, field) for sample in samples])
        assert values.min() >= low - 1e-12 and values.max() <= high + 1e-12, field
        assert values.max() - values.min() >= 0.8 * (high - low), field


@pytest.mark.parametrize("name", TASKS)
def test_cube_and_bin_are_placed_where_the_task_says(name: str) -> None:
    task = twin_task(name)
    for sample in (drawn(task, seed) for seed in SEEDS):
        bin_x, bin_y, bin_z = sample.bin_position_base_m
        assert task.bin.x_m[0] <= bin_x <= task.bin.x_m[1] and task.bin.y_m[0] <= bin_y <= task.bin.y_m[1]
        assert task.bin.yaw_rad[0] <= sample.bin_yaw_rad <= task.bin.yaw_rad[1] and bin_z == 0.0
        x, y, _ = sample.cube_position_base_m
        if task.cube is None:
            assert max(abs(x - bin_x), abs(y - bin_y)) <= Scene.BIN_HALF_M - Scene.CUBE_HALF_M
        else:
            assert task.cube.x_m[0] <= x <= task.cube.x_m[1] and task.cube.y_m[0] <= y <= task.cube.y_m[1]
            assert task.cube.yaw_rad[0] <= sample.cube_yaw_rad <= task.cube.yaw_rad[1]


def test_a_reset_brings_the_draws_into_the_model() -> None:
    with blind_cell(load_task("cube_in_bin")) as (station, world):
        told = station.reset(DEMOS.seed(3))
        model, scene = world.scene.model, world.scene
        assert told == drawn(world.task, DEMOS.seed(3)).as_json()
        assert model.body_mass[scene.cube_body] == pytest.approx(told["cube_mass_kg"])
        assert model.light_diffuse[0] == pytest.approx(np.full(3, told["light_level"]))
        assert scene.bin_position_base_m == pytest.approx(np.array(told["bin_position_base_m"]))
        assert scene.cube_position_base_m == pytest.approx(np.array(told["cube_position_base_m"]), abs=2e-3)
        measured = station.arm.read().joint_position_rad
        assert measured == pytest.approx(np.array(told["start_joint_position_rad"]), abs=0.03)


def test_nothing_of_an_earlier_episode_is_left_after_a_reset() -> None:
    with blind_cell(load_task("cube_in_bin")) as (station, world):
        station.reset(1)
        fresh = world.scene.model.geom_friction.copy(), world.scene.model.cam_pos.copy(), world.scene.data.qpos.copy()
        station.reset(2)
        station.reset(1)
        again = world.scene.model.geom_friction, world.scene.model.cam_pos, world.scene.data.qpos
        for before, after in zip(fresh, again, strict=True):
            np.testing.assert_array_equal(before, after)
