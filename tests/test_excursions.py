"""A tool that is not where it was told stops the arm: commands alone do not hold the boxes."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import Float
from robolearn.errors import BorderError, DeviceError
from robolearn.excursions import SWING_NS, ExcursionGuard
from robolearn.limits import Box, Limits
from tests.contract.fake_arm import PERIOD_NS
from tests.gate_bench import PAN, WIDE, Bench

Place = tuple[float, float, float]
SLACK_M = WIDE.tool_slack_m
ROOM = replace(WIDE, workspace=Box((0.0, -0.1, 0.0), (0.4, 0.1, 0.3)))
POST = replace(ROOM, keep_out=(Box((0.1, -0.02, 0.0), (0.2, 0.02, 0.2)),))


class Watched:
    """A guard that looks again and again: once, or for longer than any swing lasts."""

    def __init__(self, limits: Limits, start: Place) -> None:
        self.guard = ExcursionGuard(limits)
        self.guard.start(start)
        self._now_ns = 0

    def once(self, place: Place) -> str:
        """Why the arm must stop; empty if it need not."""
        self._now_ns += PERIOD_NS
        return self.guard.watch(place, self._now_ns) or ""

    def stays(self, place: Place) -> str:
        """Why the arm must stop if the tool stays there."""
        return [self.once(place) for _ in range(SWING_NS // PERIOD_NS + 1)][-1]


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_tool_may_overshoot_each_wall_by_its_slack_and_swing_twice_as_far(axis: int, sign: int) -> None:
    wall = (ROOM.workspace.min_base_m if sign < 0 else ROOM.workspace.max_base_m)[axis]

    def beyond(slacks: float) -> Place:
        place = [0.2, 0.0, 0.15]
        place[axis] = wall + sign * slacks * SLACK_M
        return place[0], place[1], place[2]

    watched = Watched(ROOM, (0.2, 0.0, 0.15))
    assert not watched.stays(beyond(0.9))
    assert not watched.once(beyond(1.9)) and not watched.once(beyond(0.9))
    assert re.match("workspace: .* 6.0 mm beyond", watched.stays(beyond(1.2)))
    assert re.match("workspace: .* 11.0 mm beyond", Watched(ROOM, (0.2, 0.0, 0.15)).once(beyond(2.2)))


def test_the_same_holds_inside_a_box_that_is_kept_out_of() -> None:
    watched = Watched(POST, (0.15, 0.05, 0.1))
    assert not watched.stays((0.15, 0.021, 0.1)) and not watched.stays((0.15, 0.016, 0.1))
    assert not watched.once((0.15, 0.012, 0.1))
    assert re.match("keep_out: .* 8.0 mm beyond", watched.stays((0.15, 0.012, 0.1)))


def test_from_outside_the_tool_may_come_in_but_stray_no_farther_than_its_slack_again() -> None:
    watched = Watched(ROOM, (0.2, 0.0, 0.34))
    assert not watched.stays((0.2, 0.0, 0.344)) and not watched.stays((0.2, 0.0, 0.32))
    assert "30.0 mm beyond" in watched.stays((0.2, 0.0, 0.33))
    assert not watched.stays((0.2, 0.0, 0.29))
    assert "allowed are 5.0 mm" in watched.stays((0.2, 0.0, 0.306))


def test_rearmed_where_it_was_stopped_the_tool_has_to_come_back_and_is_given_little_more() -> None:
    watched = Watched(ROOM, (0.2, 0.0, 0.15))
    assert watched.stays((0.2, 0.106, 0.15))
    watched.guard.start((0.2, 0.106, 0.15))
    assert watched.guard.astray and not watched.stays((0.2, 0.108, 0.15))
    assert "allowed are 8.5 mm" in watched.stays((0.2, 0.109, 0.15))
    watched.guard.start((0.2, 0.109, 0.15))
    assert not watched.stays((0.2, 0.1, 0.15))
    assert "allowed are 5.0 mm" in watched.stays((0.2, 0.106, 0.15))


def test_rearmed_elsewhere_it_starts_anew() -> None:
    watched = Watched(ROOM, (0.2, 0.0, 0.15))
    assert watched.stays((0.2, 0.106, 0.15))
    watched.guard.start((0.2, 0.0, 0.32))
    assert not watched.guard.astray and not watched.stays((0.2, 0.0, 0.322))


def test_holding_still_for_want_of_commands_gives_no_more_slack() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    bench.arm.place(_pan_out(bench, 0.8 * SLACK_M))
    bench.clock.sleep_until(bench.clock.now_ns() + 10 * PERIOD_NS + 1)
    bench.gate.read()
    bench.arm.place(_pan_out(bench, 2.2 * SLACK_M))
    bench.gate.read()
    assert "allowed are 5.0 mm" in str(bench.gate.fault)


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
    bench.arm.place(_pan_out(bench, 2.2 * SLACK_M))
    for _ in range(2):
        with pytest.raises(DeviceError, match="workspace: .* 11.0 mm beyond.*rearm"):
            bench.send(bench.start)
    assert len(bench.arm.sent) == sent and "11.0 mm" in str(bench.arm.fault)
    bench.gate.rearm()
    elsewhere = bench.arm.read().joint_position_rad + 0.01 * np.array([0, 1, -1, 0, 0])
    assert "workspace" in bench.send(elsewhere).clips
    bench.drive(bench.start, 60)
    np.testing.assert_allclose(bench.arm.read().joint_position_rad, bench.start, atol=1e-9)


def test_reading_is_enough_to_notice() -> None:
    bench = Bench(ROOM)
    bench.arm.place(_pan_out(bench, 2.2 * SLACK_M))
    bench.gate.read()
    assert "11.0 mm" in str(bench.arm.fault)


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
    inside = _pan_out(bench, -0.4 * SLACK_M)
    bench.arm.place(inside)
    bench.gate.rearm()
    for _ in range(2):
        bench.arm.place(_pan_out(bench, 0.4 * SLACK_M))
        done = bench.send(inside - 0.002 * PAN)
    assert done.clips == ()


@pytest.mark.parametrize(
    ("places_m", "astray"), [((0.03, 0.02), True), ((0.05, 0.04), False), ((0.0011, 0.001), False)]
)
def test_a_tool_that_rushes_out_is_astray_before_it_is_out(places_m: tuple[float, float], astray: bool) -> None:
    watched = Watched(ROOM, (0.2, 0.0, 0.15))
    for to_wall_m in places_m:
        assert not watched.stays((0.2, 0.1 - places_m[0], 0.15))
        watched.once((0.2, 0.1 - to_wall_m, 0.15))
    assert watched.guard.astray is astray
    watched.once((0.2, 0.1 - places_m[1], 0.15))
    assert not watched.guard.astray, "it has stopped"


def test_an_arm_that_rushes_out_is_led_back_to_where_it_was_inside_whatever_is_asked() -> None:
    bench = Bench(ROOM)
    inside = bench.drive(bench.start + 0.3 * PAN, 3)[-1].command.values
    bench.arm.place(_pan_out(bench, -6 * SLACK_M))
    bench.gate.read()
    bench.clock.sleep_until(bench.clock.now_ns() + PERIOD_NS)
    bench.arm.place(_pan_out(bench, 0.4 * SLACK_M))
    done = bench.send(bench.start + 0.3 * PAN)
    assert "workspace" in done.clips
    assert inside[0] < done.command.values[0] < _pan_out(bench, 0.0)[0], "from the last target to where it was inside"


def test_an_arm_that_has_long_been_out_is_held_where_it_was_told_to_be() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    for _ in range(4):
        bench.arm.place(_pan_out(bench, 0.8 * SLACK_M))
        done = bench.send(bench.start + 0.01 * PAN)
    assert "workspace" in done.clips and (done.command.values == bench.start).all()


def test_beyond_half_its_slack_the_arm_is_led_back_and_nowhere_else() -> None:
    bench = Bench(ROOM)
    bench.drive(bench.start, 3)
    pushed = _pan_out(bench, 0.8 * SLACK_M)
    for elsewhere in (np.array([0.01, 0, 0, 0, 0]), np.array([0, 0.01, -0.01, 0, 0])):
        bench.arm.place(pushed)
        done = bench.send(bench.start + elsewhere)
        assert "workspace" in done.clips and (done.command.values == bench.start).all()
    bench.arm.place(pushed)
    bench.gate.rearm()
    back = bench.send(pushed - np.array([0.01, 0, 0, 0, 0]))
    assert "workspace" not in back.clips and back.command.values[0] < pushed[0]
    assert bench.gate.fault is None


def test_held_beside_a_post_the_clip_names_it() -> None:
    bench = Bench(replace(WIDE, keep_out=(Box((0.0, 0.05, 0.0), (0.5, 0.4, 0.5)),)))
    bench.drive(bench.start, 3)
    x, _, _ = bench.arm.kinematics.tool_position_base_m(bench.start)
    pushed = bench.start + PAN * np.arcsin((0.05 + 0.8 * SLACK_M) / x)
    bench.arm.place(pushed)
    assert "keep_out" in bench.send(bench.start + 0.01 * PAN).clips
