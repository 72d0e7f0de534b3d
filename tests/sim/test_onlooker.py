"""The scripted onlooker keeps her hands off while the robot gets on, and helps soon after it stops getting on."""

from __future__ import annotations

import numpy as np

from robolearn.backends import load_task
from robolearn.contracts import Action, TeleopEvent
from robolearn.seeds import PRACTICE
from robolearn.station import Station
from sim.demonstrator import Demonstrator
from sim.onlooker import Onlooker
from sim.world import TwinWorld
from tests.sim.cells import STATION, blind_cell

STALL_S, PATIENCE_S = 2.0, 60.0
STILL = Action(np.array([0.0, 0.0, 0.0, 0.0, 0.9], np.float32))
OPEN = Action(np.array([0.0, 0.0, 0.0, 0.0, 1.0], np.float32))
TASK = load_task("cube_in_bin")


def begun(station: Station, world: TwinWorld, patience_s: float = PATIENCE_S) -> tuple[Onlooker, Demonstrator]:
    """An onlooker, and a capable robot for her to watch, both at the start of an episode."""
    onlooker = Onlooker(world, Demonstrator(world, STATION.action), STALL_S, patience_s)
    onlooker.connect()
    robot = Demonstrator(world, STATION.action)
    robot.connect()
    station.reset(PRACTICE.seed(0, 0))
    for person in (onlooker, robot):
        person.begin(3)
    return onlooker, robot


def stalled(station: Station, onlooker: Onlooker) -> float:
    """Stand still until she takes over; how long that took [s]."""
    for tick in range(200):
        if onlooker.read().engaged:
            return tick / STATION.policy_hz
        station.act(STILL)
    raise AssertionError("she never took over")


def test_a_robot_that_gets_on_is_left_alone() -> None:
    with blind_cell(TASK) as (station, world):
        onlooker, robot = begun(station, world)
        for _ in range(140):
            reading = onlooker.read()
            assert not reading.engaged
            assert not reading.action.any()
            if world.succeeded():
                return
            station.act(Action(robot.read().action))
        raise AssertionError("the robot that she was to watch did not do the task")


def test_she_takes_over_after_the_stall_time_and_finishes_the_task() -> None:
    with blind_cell(TASK) as (station, world):
        onlooker, _ = begun(station, world)
        assert STALL_S <= stalled(station, onlooker) <= STALL_S + 0.2
        for _ in range(140):
            reading = onlooker.read()
            assert reading.engaged
            assert reading.event is TeleopEvent.NONE  # the verdict is the reward model's
            if world.succeeded():
                return
            station.act(Action(reading.action))
        raise AssertionError("she did not finish the task")


def test_a_robot_that_loses_the_cube_may_try_again_for_as_long() -> None:
    with blind_cell(TASK) as (station, world):
        onlooker, robot = begun(station, world)
        while not (robot.holds() and world.scene.cube_position_base_m[2] > 0.05):
            assert not onlooker.read().engaged
            station.act(Action(robot.read().action))
        while robot.holds():
            assert not onlooker.read().engaged
            station.act(OPEN)
        assert STALL_S - 0.1 <= stalled(station, onlooker) <= STALL_S + 1.0


def test_her_patience_with_an_episode_ends_though_the_robot_gets_on() -> None:
    with blind_cell(TASK) as (station, world):
        onlooker, robot = begun(station, world, patience_s=1.5)
        for tick in range(20):
            if onlooker.read().engaged:
                assert tick / STATION.policy_hz >= 1.5
                return
            station.act(Action(robot.read().action))
        raise AssertionError("she never took over")
