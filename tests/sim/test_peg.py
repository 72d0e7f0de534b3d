"""The peg cell: seeded draws, the wrist wrench, and a person who gets the peg in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from robolearn.backends import load_station, load_task
from robolearn.contracts import Action
from robolearn.descriptions import description
from robolearn.errors import ConfigError
from robolearn.kinematics import Kinematics
from robolearn.station import Station
from sim.backend import onlooker, person, world
from sim.peg.world import PegWorld
from tests.contract.arm import ArmContract, ArmRig

STATION, TASK = load_station("ur5e_2f85_twin"), load_task("peg_insert")


def make_world() -> PegWorld:
    """The cell at a drawn start."""
    made = world(STATION, TASK)
    assert isinstance(made, PegWorld)
    made.reset(0)
    return made


class TestTwinUr(ArmContract):
    """The contract of every arm, with a wrench."""

    def make(self) -> ArmRig:
        made = make_world()
        return ArmRig(made.arm, made.clock, made.close)


@pytest.fixture
def station() -> Iterator[Station]:
    """The whole cell."""
    made = Station(STATION, world(STATION, TASK), Kinematics(description(STATION.description), STATION.joint_names))
    made.connect()
    with closing(made):
        yield made


def test_the_same_seed_gives_the_same_start_and_another_seed_another() -> None:
    made = make_world()
    drawn = [made.reset(seed) for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]
    made.close()


def test_the_peg_stays_in_the_gripper_and_its_weight_is_felt_at_the_tool(station: Station) -> None:
    station.reset(0)
    for _ in range(5):
        station.act(Action(np.array([0, 0, 0, 0, -1], np.float32)))
    wrench = station.arm.read().wrench_tool
    assert wrench is not None
    assert wrench[0] == pytest.approx(0.08 * 9.81, abs=0.5), "the tool points down: its x axis carries the weight"
    assert np.abs(wrench[1:3]).max() < 0.5


def test_the_scripted_person_gets_the_peg_into_the_hole(station: Station) -> None:
    someone = person(station.world, STATION)
    someone.connect()
    done = 0
    for seed in range(2):
        station.reset(seed)
        someone.begin(seed)
        for _ in range(round(TASK.time_limit_s * STATION.policy_hz)):
            station.act(Action(someone.read().action))
            if station.world.succeeded():
                done += 1
                break
    assert done >= 1


def test_pressing_on_the_block_is_felt_and_does_not_count_as_success(station: Station) -> None:
    station.reset(0)
    aside = np.array([0.4, 0, 0, 0, -1], np.float32)
    down = np.array([0, 0, -0.3, 0, -1], np.float32)
    for action in [aside] * 8 + [down] * 30:
        station.act(Action(action))
    wrench = station.arm.read().wrench_tool
    assert wrench is not None and wrench[0] < -5.0 and not station.world.succeeded()


def test_nobody_helps_in_the_peg_cell_and_the_error_says_so() -> None:
    made = make_world()
    with pytest.raises(ConfigError, match="nobody helps"):
        onlooker(made, STATION, 1.0, 2.0)
    made.close()


def test_a_task_of_the_cube_is_refused_in_the_peg_cell() -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        world(STATION, load_task("cube_in_bin"))
