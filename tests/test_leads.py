"""Targets stay with the joints: one that is held up does not leap far once it is free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import Executed, Float
from robolearn.leads import LeadGuard
from robolearn.limits import Box
from tests.contract.fake_arm import PERIOD_NS
from tests.gate_bench import DT_S, PAN, SPEED, WIDE, Bench

LEAD_RAD = WIDE.joint_lead_rad[0]
HELD_UP = np.array([0.5, 0.05, -0.5, 0.0, 0.0])


def held_up(bench: Bench, commands: int, way_rad: Float) -> Executed:
    """The arm stands where it started, whatever it is told."""
    for _ in range(commands):
        bench.arm.place(bench.start)
        done = bench.send(bench.start + way_rad)
    return done


def test_an_arm_that_does_not_follow_is_not_led_far_ahead_and_its_targets_keep_the_way() -> None:
    bench = Bench()
    done = held_up(bench, 60, HELD_UP)
    ahead = done.command.values - bench.start
    np.testing.assert_allclose(ahead, HELD_UP * LEAD_RAD / 0.5, atol=1e-9)
    assert "joint_lead" in done.clips


def test_the_one_joint_that_does_not_follow_holds_back_the_others() -> None:
    bench = Bench()
    for _ in range(60):
        moved = bench.arm.read().joint_position_rad.copy()
        moved[0] = bench.start[0]
        bench.arm.place(moved)
        done = bench.send(bench.start + np.array([0.5, 0.0, 0.0, 0.0, 0.3]))
    assert done.command.values[0] - bench.start[0] == pytest.approx(LEAD_RAD)
    assert "joint_lead" in done.clips and bench.gate.fault is None


def test_while_it_may_just_be_getting_going_an_arm_is_led_as_ever() -> None:
    bench = Bench()
    patient = held_up(bench, 5, HELD_UP)
    assert "joint_lead" not in patient.clips and np.abs(patient.command.values - bench.start).max() > LEAD_RAD
    assert "joint_lead" in held_up(bench, 4, HELD_UP).clips


def test_an_arm_that_is_stopped_by_something_is_soon_led_no_farther_than_one_that_stands() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 10)
    stuck = bench.arm.read().joint_position_rad
    for _ in range(15):
        bench.arm.place(stuck)
        done = bench.send(bench.start + PAN)
    assert done.command.values[0] - stuck[0] == pytest.approx(LEAD_RAD)


def test_an_arm_that_follows_goes_as_fast_as_if_there_were_no_bound() -> None:
    free, led = Bench(replace(WIDE, joint_lead_rad=(9.0,) * 5)), Bench(replace(WIDE, joint_lead_rad=(0.001,) * 5))
    for bench in (free, led):
        bench.drive(bench.start + PAN, 60)
    np.testing.assert_allclose(led.arm.sent, free.arm.sent)
    assert np.diff(np.array(led.arm.sent)[:, 0]).max() == pytest.approx(SPEED * DT_S)


def test_where_the_tool_leaves_its_boxes_there_is_no_patience() -> None:
    guard = LeadGuard(WIDE, DT_S)
    guard.start([0.0] * 5, 0)
    far = [2 * LEAD_RAD, LEAD_RAD, 0.0, 0.0, 0.0]
    assert guard.bound(far) == far
    assert guard.bound(far, at_once=True) == pytest.approx([LEAD_RAD, LEAD_RAD / 2, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("moved_rad", "asked_rad", "led_rad"),
    [(0.02, 1.0, 0.02 + LEAD_RAD + 0.06), (-0.02, -1.0, -0.02 - LEAD_RAD - 0.06), (0.02, -1.0, 0.02 - LEAD_RAD)],
    ids=["forwards", "backwards", "against its motion"],
)
def test_a_joint_that_moves_is_led_farther_the_way_that_it_goes(
    moved_rad: float, asked_rad: float, led_rad: float
) -> None:
    guard = LeadGuard(WIDE, 0.02)
    guard.start([0.0] * 5, 0)
    guard.watch([moved_rad, 0.0, 0.0, 0.0, 0.0], 20_000_000)
    assert guard.bound([asked_rad, 0.0, 0.0, 0.0, 0.0], at_once=True)[0] == pytest.approx(led_rad)


def test_readings_that_are_near_to_each_other_say_nothing_of_speed() -> None:
    guard = LeadGuard(WIDE, DT_S)
    guard.start([0.0] * 5, 0)
    guard.watch([0.02] * 5, PERIOD_NS)
    moving = guard.bound([1.0] * 5, at_once=True)
    guard.watch([0.0201] * 5, PERIOD_NS + PERIOD_NS // 4)
    assert guard.bound([1.0] * 5, at_once=True) == pytest.approx([value + 0.0001 for value in moving])


def test_it_starts_at_rest_again() -> None:
    guard = LeadGuard(WIDE, DT_S)
    guard.start([0.0] * 5, 0)
    guard.watch([0.02] * 5, PERIOD_NS)
    guard.start([0.5] * 5, 2 * PERIOD_NS)
    assert guard.bound([1.0] * 5, at_once=True) == pytest.approx([0.5 + LEAD_RAD] * 5)


def test_how_often_others_read_the_arm_changes_nothing() -> None:
    wide = replace(WIDE, workspace=Box((-9.0, -9.0, -9.0), (9.0, 9.0, 9.0)))
    alone, watched = Bench(wide), Bench(wide)
    for step in range(40):
        goal = alone.start + HELD_UP * np.sin(step)
        for bench in (alone, watched):
            if step % 3:
                bench.arm.place(bench.start + 0.02 * step * PAN)
            bench.send(goal, wait_ns=PERIOD_NS - PERIOD_NS // 4)
            if bench is watched:
                bench.gate.read()
            bench.clock.sleep_until(bench.clock.now_ns() + PERIOD_NS // 4)
    np.testing.assert_array_equal(alone.arm.sent, watched.arm.sent)
