"""A tool that is not where it was told stops the arm: commands alone do not hold the boxes."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import Float
from robolearn.errors import BorderError, DeviceError
from robolearn.excursions import ExcursionGuard
from robolearn.limits import Box, Limits
from tests.contract.fake_arm import PERIOD_NS
from tests.gate_bench import PAN, WIDE, Bench

SLACK_M = WIDE.tool_slack_m
ROOM = replace(WIDE, workspace=Box((0.0, -0.1, 0.0), (0.4, 0.1, 0.3)))
POST = replace(ROOM, keep_out=(Box((0.1, -0.02, 0.0), (0.2, 0.02, 0.2)),))


def _guard(limits: Limits, start: tuple[float, float, float]) -> ExcursionGuard:
    guard = ExcursionGuard(limits)
    guard.start(start)
    return guard


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_tool_may_overshoot_each_wall_by_its_slack_and_no_farther(axis: int, sign: int) -> None:
    guard = _guard(ROOM, (0.2, 0.0, 0.15))
    wall = (ROOM.workspace.min_base_m if sign < 0 else ROOM.workspace.max_base_m)[axis]
    place = np.array([0.2, 0.0, 0.15])
    place[axis] = wall + sign * 0.9 * SLACK_M
    assert guard.watch(place.tolist()) is None
    place[axis] = wall + sign * 1.2 * SLACK_M
    assert re.match("workspace: .* 6.0 mm beyond", str(guard.watch(place.tolist())))


def test_the_same_holds_inside_a_box_that_is_kept_out_of() -> None:
    guard = _guard(POST, (0.15, 0.05, 0.1))
    assert guard.watch((0.15, 0.021, 0.1)) is None and guard.watch((0.15, 0.016, 0.1)) is None
    assert re.match("keep_out: .* 8.0 mm beyond", str(guard.watch((0.15, 0.012, 0.1))))


def test_from_outside_the_tool_may_come_in_but_stray_no_farther_than_its_slack_again() -> None:
    guard = _guard(ROOM, (0.2, 0.0, 0.34))
    assert guard.watch((0.2, 0.0, 0.344)) is None
    assert guard.watch((0.2, 0.0, 0.32)) is None
    assert "30.0 mm beyond" in str(guard.watch((0.2, 0.0, 0.33)))
    assert guard.watch((0.2, 0.0, 0.29)) is None
    assert "allowed are 5.0 mm" in str(guard.watch((0.2, 0.0, 0.306)))


def test_rearmed_where_it_was_stopped_the_tool_has_to_come_back_and_is_given_little_more() -> None:
    guard = _guard(ROOM, (0.2, 0.0, 0.15))
    assert guard.watch((0.2, 0.106, 0.15)) is not None
    guard.start((0.2, 0.106, 0.15))
    assert guard.astray and guard.watch((0.2, 0.108, 0.15)) is None
    assert "allowed are 8.5 mm" in str(guard.watch((0.2, 0.109, 0.15)))
    guard.start((0.2, 0.109, 0.15))
    assert guard.watch((0.2, 0.1, 0.15)) is None
    assert "allowed are 5.0 mm" in str(guard.watch((0.2, 0.106, 0.15)))


def test_rearmed_elsewhere_it_starts_anew() -> None:
    guard = _guard(ROOM, (0.2, 0.0, 0.15))
    assert guard.watch((0.2, 0.106, 0.15)) is not None
    guard.start((0.2, 0.0, 0.32))
    assert not guard.astray and guard.watch((0.2, 0.0, 0.322)) is None


def test_holding_still_for_want_of_commands_gives_no_more_slack() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    bench.arm.place(_pan_out(bench, 0.8 * SLACK_M))
    bench.clock.sleep_until(bench.clock.now_ns() + 10 * PERIOD_NS + 1)
    bench.gate.read()
    bench.arm.place(_pan_out(bench, 1.2 * SLACK_M))
    bench.gate.read()
    assert "6.0 mm beyond" in str(bench.gate.fault)


def _pan_out(bench: Bench, beyond_m: float) -> Float:
    """Joints with the tool beyond the workspace's greatest y: the pan was pushed."""
    pushed = bench.start.copy()
    x, _, _ = bench.arm.kinematics.tool_position_base_m(bench.start)
    pushed[0] = np.arcsin((ROOM.workspace.max_base_m[1] + beyond_m) / x)
    return pushed


def test_an_arm_that_is_pushed_out_is_held_where_it_is_until_rearmed() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    sent = len(bench.arm.sent)
    bench.arm.place(_pan_out(bench, 2 * SLACK_M))
    for _ in range(2):
        with pytest.raises(DeviceError, match="workspace: .* 10.0 mm beyond.*rearm"):
            bench.send(bench.start)
    assert len(bench.arm.sent) == sent and "10.0 mm" in str(bench.arm.fault)
    bench.gate.rearm()
    elsewhere = bench.arm.read().joint_position_rad + 0.01 * np.array([0, 1, -1, 0, 0])
    assert "workspace" in bench.send(elsewhere).clips
    bench.drive(bench.start, 60)
    np.testing.assert_allclose(bench.arm.read().joint_position_rad, bench.start, atol=1e-9)


def test_reading_is_enough_to_notice() -> None:
    bench = Bench(ROOM)
    bench.arm.place(_pan_out(bench, 2 * SLACK_M))
    bench.gate.read()
    assert "10.0 mm" in str(bench.arm.fault)


def test_a_reading_that_is_not_finite_is_refused_and_nothing_is_sent() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    sent = len(bench.arm.sent)
    bench.arm.place(np.full(5, np.nan))
    with pytest.raises(BorderError, match="measured position: not finite"):
        bench.send(bench.start)
    assert len(bench.arm.sent) == sent


def test_within_half_its_slack_an_overshoot_goes_on() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    bench.arm.place(_pan_out(bench, 0.4 * SLACK_M))
    assert bench.send(bench.start + 0.002).clips == ()


def test_beyond_half_its_slack_the_arm_is_led_back_and_nowhere_else() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    pushed = _pan_out(bench, 0.8 * SLACK_M)
    for elsewhere in (np.array([0.01, 0, 0, 0, 0]), np.array([0, 0.01, -0.01, 0, 0])):
        bench.arm.place(pushed)
        done = bench.send(bench.start + elsewhere)
        assert "workspace" in done.clips and (done.command.values == bench.start).all()
    bench.arm.place(pushed)
    back = bench.send(bench.start - np.array([0.01, 0, 0, 0, 0]))
    assert "workspace" not in back.clips and back.command.values[0] < bench.start[0]
    assert bench.gate.fault is None


def test_held_beside_a_post_the_clip_names_it() -> None:
    bench = Bench(replace(WIDE, keep_out=(Box((0.0, 0.05, 0.0), (0.5, 0.4, 0.5)),)))
    bench.drive(bench.start, 3)
    x, _, _ = bench.arm.kinematics.tool_position_base_m(bench.start)
    pushed = bench.start + PAN * np.arcsin((0.05 + 0.8 * SLACK_M) / x)
    bench.arm.place(pushed)
    assert "keep_out" in bench.send(bench.start + 0.01 * PAN).clips
