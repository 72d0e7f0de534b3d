"""The gate over an integrated arm: how much of a motion passes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import Float
from robolearn.limits import Box
from tests.contract.fake_arm import PERIOD_NS, FakeArm
from tests.gate_bench import ACCELERATION, DT_S, PAN, SPEED, WIDE, Bench

NS = 1_000_000_000


def test_a_small_step_passes_as_it_is() -> None:
    bench = Bench()
    goal = bench.start + 0.004
    executed = bench.send(goal, 0.7)
    assert executed.clips == () and executed.command.gripper_opening == 0.7
    np.testing.assert_array_equal(executed.command.values, goal)
    np.testing.assert_array_equal(bench.arm.sent, [goal])


def test_no_stream_of_goals_makes_the_arm_faster_or_harder_than_its_limits() -> None:
    bench, rng = Bench(), np.random.default_rng(0)
    for _ in range(300):
        bench.send(rng.uniform(-1.4, 1.4, 5))
    targets = np.array([bench.start, *bench.arm.sent])
    speeds = np.diff(targets, axis=0) / DT_S
    gained = np.abs(speeds[1:]) - np.abs(speeds[:-1])
    assert np.abs(speeds).max() <= SPEED + 1e-9
    assert gained.max() / DT_S <= ACCELERATION + 1e-6


def test_a_far_goal_is_reached_in_the_time_that_speed_and_acceleration_leave() -> None:
    bench = Bench()
    executed = bench.drive(bench.start + PAN, 40)
    clips = [step.clips for step in executed]
    assert clips[0] == ("joint_speed", "joint_acceleration")
    assert ("joint_speed",) in clips and clips[-1] == ()
    np.testing.assert_allclose(executed[-1].command.values, bench.start + PAN)
    needed = next(i for i, step in enumerate(executed, 1) if step.clips == ())
    assert needed * DT_S == pytest.approx(1.0 / SPEED + 0.5 * SPEED / ACCELERATION, abs=2 * DT_S)


def test_the_arm_may_always_slow_down_at_once() -> None:
    bench = Bench()
    moving = bench.drive(bench.start + PAN, 10)[-1].command.values
    executed = bench.send(moving)
    assert executed.clips == ()
    np.testing.assert_array_equal(executed.command.values, moving)


def test_a_shortened_step_stays_on_the_straight_line_to_its_goal() -> None:
    bench = Bench()
    step = np.array([0.5, 0.1, -0.2, 0.0, 0.3])
    moved = bench.send(bench.start + step).command.values - bench.start
    np.testing.assert_allclose(moved / moved[0], step / step[0], atol=1e-12)
    assert 0.0 < moved[0] < 0.5


@pytest.mark.parametrize("wait_ns", [1_000_000, 5_000_000, 0])
def test_a_burst_of_commands_gains_no_speed(wait_ns: int) -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 8)
    first, begin_ns = bench.arm.sent[-1][0], bench.clock.now_ns()
    for _ in range(20):
        bench.send(bench.start + PAN, wait_ns=wait_ns)
    elapsed_s = (bench.clock.now_ns() - begin_ns) / NS
    assert bench.arm.sent[-1][0] - first <= SPEED * (elapsed_s + DT_S) + 1e-9


def test_a_late_command_gets_no_longer_step() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 8)
    before = bench.arm.sent[-1][0]
    bench.clock.sleep_until(bench.clock.now_ns() + 5 * PERIOD_NS)
    bench.send(bench.start + PAN)
    assert bench.arm.sent[-1][0] - before <= SPEED * DT_S + 1e-9


def test_a_joint_beyond_its_range_ends_on_the_limit_while_the_others_go_on() -> None:
    bench = Bench()
    goal = bench.start + np.array([0.2, 0.0, 0.0, 0.0, 2.0])
    executed = bench.drive(goal, 60)
    assert all("joint_range" in step.clips for step in executed)
    np.testing.assert_allclose(executed[-1].command.values[[0, 4]], [0.2, 1.5])


def test_an_arm_outside_its_range_may_come_back_but_is_not_pulled() -> None:
    bench = Bench()
    outside = bench.start.copy()
    outside[0] = 1.55
    bench.arm.place(outside)
    bench.gate.rearm()
    assert bench.send(outside).command.values[0] == pytest.approx(1.55)
    assert bench.send(outside + PAN).command.values[0] == pytest.approx(1.55)
    inwards = bench.send(outside - 0.005 * PAN)
    assert inwards.command.values[0] == pytest.approx(1.545) and inwards.clips == ("joint_range",)


def jacobian(arm: FakeArm, joints: Float) -> Float:
    """How the tool position moves with each joint (3, 5) [m/rad]."""
    ahead = [arm.kinematics.tool_position_base_m(joints + 1e-6 * row) for row in np.eye(5)]
    return np.transpose((np.array(ahead) - arm.kinematics.tool_position_base_m(joints)) / 1e-6)


FACES = list(itertools.product(range(3), (-1.0, 1.0)))


@pytest.mark.parametrize(("axis", "side"), FACES)
def test_the_tool_never_leaves_the_workspace_through_any_face(axis: int, side: float) -> None:
    home = Bench().arm.read().ee_position_base_m
    box = Box(tuple((home - 0.03).tolist()), tuple((home + 0.03).tolist()))
    bench, target = Bench(replace(WIDE, workspace=box)), Bench().start
    for _ in range(40):
        straight = np.linalg.pinv(jacobian(bench.arm, target)) @ (side * 0.02 * np.eye(3)[axis])
        executed = bench.send(target + straight)
        target = executed.command.values
    assert executed.clips[-1] == "workspace"
    tools = bench.tools()
    assert (tools >= np.array(box.min_base_m)).all() and (tools <= np.array(box.max_base_m)).all()
    wall = box.max_base_m[axis] if side > 0 else box.min_base_m[axis]
    assert np.abs(tools[:, axis] - wall).min() < 2e-3


def test_a_step_into_the_wall_goes_as_far_as_the_wall_allows() -> None:
    home = Bench().arm.read().ee_position_base_m
    wall = float(home[1]) + 0.0005
    bench = Bench(replace(WIDE, workspace=Box((-0.5, -0.5, 0.0), (0.5, wall, 0.5))))
    executed = bench.drive(bench.start + 0.008 * PAN, 8)
    assert {step.clips for step in executed} == {("workspace",)}
    assert wall - 1e-5 < bench.tools()[-1][1] <= wall


def test_a_tool_outside_the_workspace_may_come_back_in_but_not_go_further_out() -> None:
    home = Bench().arm.read().ee_position_base_m
    bench = Bench(replace(WIDE, workspace=Box((-0.5, -0.5, 0.0), (0.5, float(home[1]) - 0.01, 0.5))))
    outwards = bench.send(bench.start + 0.005 * PAN)
    np.testing.assert_array_equal(outwards.command.values, bench.start)
    assert outwards.clips == ("workspace",)
    inwards = bench.send(bench.start - 0.005 * PAN)
    np.testing.assert_allclose(inwards.command.values, bench.start - 0.005 * PAN)
    assert inwards.clips == ()


def test_the_tool_never_enters_a_keep_out_box_and_cannot_jump_over_a_thin_one() -> None:
    home = Bench().arm.read().ee_position_base_m
    x, _, z = home.tolist()
    thin = Box((x - 0.1, 0.02, z - 0.1), (x + 0.1, 0.021, z + 0.1))
    bench = Bench(replace(WIDE, keep_out=(thin,)))
    executed = bench.drive(bench.start + 0.5 * PAN, 40)
    assert executed[-1].clips[-1] == "keep_out"
    assert 0.0195 < bench.tools()[:, 1].max() <= 0.02


def test_a_tool_inside_a_keep_out_box_may_only_leave_it() -> None:
    home = Bench().arm.read().ee_position_base_m
    x, y, z = home.tolist()
    bench = Bench(replace(WIDE, keep_out=(Box((x - 0.1, y - 0.05, z - 0.1), (x + 0.1, y + 0.02, z + 0.1)),)))
    deeper = bench.send(bench.start - 0.005 * PAN)
    assert deeper.clips == ("keep_out",)
    np.testing.assert_array_equal(deeper.command.values, bench.start)
    assert bench.send(bench.start + 0.005 * PAN).clips == ()
    bench.drive(bench.start + 0.3 * PAN, 40)
    assert bench.tools()[-1][1] > y + 0.02


@pytest.mark.parametrize("seed", range(5))
def test_no_stream_of_commands_at_any_rate_breaks_any_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    home = Bench().arm.read().ee_position_base_m
    x, y, z = home.tolist()
    pillar = Box((x - 0.02, y + 0.03, z - 0.05), (x + 0.02, y + 0.04, z + 0.05))
    box = Box(tuple((home - 0.08).tolist()), tuple((home + 0.08).tolist()))
    bench = Bench(replace(WIDE, workspace=box, keep_out=(pillar,)))
    for _ in range(300):
        goal = bench.arm.sent[-1] if bench.arm.sent else bench.start
        bench.send(
            goal + rng.normal(0.0, rng.choice([0.01, 0.3, 3.0]), 5),
            wait_ns=int(rng.integers(0, 2 * PERIOD_NS)),
        )
    tools, targets = bench.tools(), np.array(bench.arm.sent)
    assert (np.abs(targets) <= 1.5).all()
    assert (np.abs(np.diff(targets, axis=0)) <= SPEED * DT_S + 1e-9).all()
    assert (tools >= box.min_base_m).all() and (tools <= box.max_base_m).all()
    assert max(pillar.depth(tool) for tool in tools) <= 0.0
    assert np.ptp(tools, axis=0).max() > 0.02
