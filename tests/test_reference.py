"""The action that was carried out is told from what was really sent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robolearn.backends import load_station
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.reference import ActionConfig, ToolReference

STATION = load_station("so101_twin")
START_RAD = np.array([0.0, -0.2, 0.3, np.pi / 2 - 0.1, 0.0])  # in the middle of the workspace
PERIOD_S, TICKS = 0.1, 5


def reference(gripper_opening: tuple[float, float] = STATION.action.gripper_opening) -> ToolReference:
    config: ActionConfig = replace(STATION.action, gripper_opening=gripper_opening)
    made = ToolReference(config, STATION.limits, Kinematics(description(STATION.description), STATION.joint_names))
    made.take(START_RAD)
    return made


def gripper_executed(made: ToolReference, asked: float, sent: float | None) -> float:
    values = np.array([0.0, 0.0, 0.0, 0.0, asked])
    return float(made.executed(made.pose, values, PERIOD_S, sent)[4])


@pytest.mark.parametrize("asked", [-1.0, -0.35, 0.0, 0.8, 1.0])
def test_an_opening_that_was_sent_as_planned_is_the_value_asked_for(asked: float) -> None:
    made = reference()
    start, values = made.pose, np.array([0.2, -0.1, 0.0, 0.1, asked])
    plan = made.plan(values, PERIOD_S, TICKS)
    executed = made.executed(start, values, PERIOD_S, plan.gripper_opening)
    np.testing.assert_allclose(executed, values, atol=1e-6)
    assert executed.dtype == np.float32


@pytest.mark.parametrize(
    ("opening", "value"), [(0.05, -1.0), (0.30, 0.0), (0.425, 0.5), (0.55, 1.0), (0.0, -1.0), (0.9, 1.0)]
)
def test_an_opening_that_was_eased_is_told_and_not_the_one_asked_for(opening: float, value: float) -> None:
    """The station's -1 is an opening of 0.05 and its +1 one of 0.55."""
    assert gripper_executed(reference((0.05, 0.55)), asked=-0.9, sent=opening) == pytest.approx(value, abs=1e-6)


def test_a_gripper_that_opens_towards_minus_one_is_told_too() -> None:
    assert gripper_executed(reference((1.0, 0.0)), asked=1.0, sent=0.25) == pytest.approx(0.5)


def test_where_the_opening_says_nothing_the_value_is_the_one_asked_for() -> None:
    assert gripper_executed(reference(), asked=-0.9, sent=None) == pytest.approx(-0.9)
    assert gripper_executed(reference((0.3, 0.3)), asked=-0.9, sent=0.3) == pytest.approx(-0.9)


def test_at_the_end_of_a_joint_the_others_make_up_for_it_and_the_tool_goes_where_it_was_asked_to() -> None:
    """In a corner of the workspace that the wrist cannot reach pointing down the gate once held all joints."""
    made = reference()
    made.take(np.array([0.48, 0.54, -0.87, 1.64, -0.373]))
    kinematics = Kinematics(description(STATION.description), STATION.joint_names)
    before = made.pose.position_base_m
    for _ in range(5):
        plan = made.plan(np.array([-0.2, 0.6, 0.0, 0.0, -1.0]), PERIOD_S, TICKS)
        assert (plan.targets_rad <= np.array(STATION.limits.joint_upper_rad)).all()
        tool = kinematics.tool_position_base_m(plan.targets_rad[-1])
        np.testing.assert_allclose(tool, made.pose.position_base_m, atol=4e-3)
    assert made.pose.position_base_m[1] - before[1] > 0.03
