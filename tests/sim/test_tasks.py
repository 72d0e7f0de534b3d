"""Every shipped task is built and stepped, its scripted demonstrator does it, and its goal is told by physics alone."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from robolearn.backends import load_task
from robolearn.contracts import Action
from robolearn.descriptions import description
from robolearn.errors import ConfigError
from robolearn.kinematics import Kinematics
from robolearn.seeds import EVALUATION
from sim import backend
from sim.clumsy import ClumsyDemonstrator, Mishap
from sim.demonstrator import Demonstrator
from sim.goals import GOALS
from sim.scene import Scene
from sim.situations import Situation, situation
from sim.world import TwinWorld
from tests.sim.cells import STATION, TASKS, blind_cell, ticks_to_success

SHARE = {"lift_cube": 9, "cube_in_bin": 9, "cube_out_of_bin": 6}  # of ten episodes
HOME_TOOL_BASE_M = (0.3914, 0.0, 0.2265)  # of the SO-101's "gripperframe", every joint at zero
CLEAR_M = 0.1


def place(world: TwinWorld, offset_m: tuple[float, float, float], moving_m_s: float = 0.0) -> Scene:
    """Put the cube at an offset (3,) [m] from the middle of the bin's underside, far from the arm's fingers."""
    scene = world.scene
    scene.data.qpos[scene.cube_qpos : scene.cube_qpos + 3] = scene.bin_position_base_m + offset_m
    scene.data.qpos[scene.cube_qpos + 3 : scene.cube_qpos + 7] = scene.data.mocap_quat[0]
    scene.data.qvel[scene.cube_qvel : scene.cube_qvel + 6] = [moving_m_s, 0, 0, 0, 0, 0]
    mujoco.mj_forward(scene.model, scene.data)
    return scene


@pytest.mark.parametrize("name", TASKS)
def test_the_scripted_person_succeeds_at_every_task(name: str) -> None:
    task = load_task(name)
    with blind_cell(task) as (station, world):
        person = Demonstrator(world, STATION.action)
        person.connect()
        taken = [ticks_to_success(station, person, EVALUATION.seed(index), task.time_limit_s) for index in range(10)]
    assert sum(ticks is not None for ticks in taken) >= SHARE[name], taken
    assert all(ticks > 10 for ticks in taken if ticks is not None)  # nobody starts at the goal


def test_physics_stays_finite_whatever_the_actions() -> None:
    rng = np.random.default_rng(0)
    with blind_cell(load_task("cube_in_bin")) as (station, world):
        for episode in range(20):
            station.reset(EVALUATION.seed(episode))
            for _ in range(20):
                station.act(Action(rng.uniform(-1.0, 1.0, 5).astype(np.float32)))
            data = world.scene.data
            assert np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all()
            assert np.abs(data.qvel[world.scene.joint_qvel]).max() < 20.0
            assert world.scene.cube_position_base_m[2] > 0.0, "the cube fell through the table"


def test_the_tool_is_where_the_arms_maker_says_when_every_joint_is_zero() -> None:
    kinematics = Kinematics(description("so101"), STATION.joint_names, tool_site="gripperframe")
    position = kinematics.tool_position_base_m(np.zeros(5))
    np.testing.assert_allclose(position, HOME_TOOL_BASE_M, atol=1e-3)


@pytest.mark.parametrize(
    ("offset_m", "moving_m_s", "in_bin", "on_table", "words"),
    [
        ((0.0, 0.0, 0.015), 0.0, True, False, Situation.RESTING_IN_BIN),
        ((0.0, 0.0, 0.015), 0.2, False, False, Situation.MOVING_IN_BIN),
        ((0.0, 0.0, 0.080), 0.0, False, False, Situation.FALLING),
        ((0.0, 0.080, 0.013), 0.0, False, True, Situation.BESIDE_BIN),
        ((0.0, 0.080, 0.013), 0.2, False, False, Situation.BESIDE_BIN),
        ((0.0, 0.055, 0.032), 0.0, False, False, Situation.ON_RIM),
        ((0.0, 0.150, 0.013), 0.0, False, True, Situation.ON_TABLE),
    ],
)
def test_goals_and_situations_tell_where_the_cube_is(
    offset_m: tuple[float, float, float], moving_m_s: float, in_bin: bool, on_table: bool, words: Situation
) -> None:
    with blind_cell(load_task("cube_in_bin")) as (station, world):
        station.reset(0)
        scene = place(world, offset_m, moving_m_s)
        told = {name: goal(scene) for name, goal in GOALS.items()}
        assert told == {"cube_in_bin": in_bin, "cube_on_table": on_table, "cube_lifted": False}
        assert situation(scene) is words


def test_a_cube_in_the_air_is_lifted_only_while_the_arm_holds_it() -> None:
    with blind_cell(load_task("lift_cube")) as (station, world):
        person = Demonstrator(world, STATION.action)
        person.connect()
        assert ticks_to_success(station, person, EVALUATION.seed(0), 9.0) is not None
        assert world.succeeded() and situation(world.scene) is Situation.HELD_UP
        place(world, (0.0, -CLEAR_M, CLEAR_M))
        assert not world.succeeded() and situation(world.scene) is Situation.FALLING


def test_a_task_whose_goal_nobody_knows_is_refused() -> None:
    twin = backend.world(STATION, load_task("lift_cube")).task  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"cube_liftd.*cube_lifted"):
        TwinWorld(STATION.camera_specs(), STATION.control_hz, type(twin)(**{**vars(twin), "goal": "cube_liftd"}))


def test_each_mishap_happens_to_the_clumsy_person_and_shows() -> None:
    """A slip lets the cube fall, a misplaced cube lies beside the bin, and a trembling hand shakes."""
    seen: dict[Mishap, set[Situation]] = {}
    shaking: dict[Mishap, list[float]] = {}
    with blind_cell(load_task("cube_in_bin")) as (station, world):
        person = ClumsyDemonstrator(world, STATION.action)
        person.connect()
        for seed in range(12):
            station.reset(seed)
            person.begin(seed)
            actions = []
            for _ in range(70):
                actions.append(person.read().action)
                station.act(Action(actions[-1]))
                seen.setdefault(person.mishap, set()).add(situation(world.scene))
            shaking.setdefault(person.mishap, []).append(float(np.abs(np.diff(actions, axis=0)[:, :3]).mean()))
    assert set(seen) == set(Mishap)
    assert Situation.BESIDE_BIN in seen[Mishap.MISPLACE] and Situation.BESIDE_BIN not in seen[Mishap.NONE]
    assert Situation.FALLING in seen[Mishap.SLIP]
    assert np.mean(shaking[Mishap.TREMOR]) > 2 * np.mean(shaking[Mishap.NONE])
