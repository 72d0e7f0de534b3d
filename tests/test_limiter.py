"""Whatever stream of commands comes, at whatever times: what is executed keeps every limit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robolearn.contracts import Float
from robolearn.limits import CLIP_CODES, Box
from tests.contract.fake_arm import PERIOD_NS
from tests.gate_bench import ACCELERATION, DT_S, JERK, PAN, SPEED, TOOL_SPEED, WIDE, Bench

NS = 1_000_000_000
SLACK = 1.0 + 1e-6
HOME = Bench().arm.read().ee_position_base_m
BOX = Box(tuple((HOME - 0.08).tolist()), tuple((HOME + 0.08).tolist()))
X, Y, Z = HOME.tolist()
PILLAR = Box((X - 0.02, Y + 0.03, Z - 0.05), (X + 0.02, Y + 0.04, Z + 0.05))
TIGHT = replace(WIDE, workspace=BOX, keep_out=(PILLAR,), tool_speed_m_s=0.3)

Stream = list[tuple[float, tuple[float, ...], int]]  # share of the jump, the jump [rad], and the wait after it [ns]
JUMP = st.tuples(*[st.floats(-4.0, 4.0)] * 5)
WAIT_NS = st.one_of(st.just(PERIOD_NS), st.integers(0, 12 * PERIOD_NS))
STREAM = st.lists(st.tuples(st.sampled_from([0.003, 0.05, 1.0]), JUMP, WAIT_NS), min_size=2, max_size=60)


class Track:
    """What was executed, and when, with its rates as a stopwatch beside the arm would find them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.targets = [bench.start]
        self._measured: list[Float] = []
        self.times_s = [-DT_S]
        self.rests: set[int] = set()

    @staticmethod
    def of(stream: Stream) -> Track:
        """Of a whole stream, within tight limits."""
        track = Track(Bench(TIGHT))
        for scale, jump, wait_ns in stream:
            track.send(track.targets[-1] + scale * np.array(jump), wait_ns)
        return track

    def send(self, goal: Float, wait_ns: int = PERIOD_NS) -> None:
        """One command and its time; after silence the arm was held, so that motion starts anew from where it is."""
        held = self.bench.clock.now_ns() / NS - self.times_s[-1] > TIGHT.watchdog_s and len(self.targets) > 1
        if held:
            self.rests.add(len(self.targets))
            self.targets.append(self.bench.arm.read().joint_position_rad)
            self._measured.append(self.bench.arm.read().ee_position_base_m)
            self.times_s.append(self.bench.clock.now_ns() / NS - DT_S)
        self.times_s.append(self.bench.clock.now_ns() / NS)
        self._measured.append(self.bench.arm.read().ee_position_base_m)
        executed = self.bench.send(goal, wait_ns=wait_ns)
        assert set(executed.clips) <= set(CLIP_CODES)
        self.targets.append(executed.command.values)

    def steps(self) -> Float:
        """Joint steps (N, 5) [rad] that commands made."""
        return np.delete(np.diff(self.targets, axis=0), [rest - 1 for rest in self.rests], axis=0)

    @property
    def measured(self) -> Float:
        """Where the tool was (N - 1, 3) [m] when each target but the first was set."""
        return np.array(self._measured)

    def tools(self) -> Float:
        """Tool positions (N, 3) [m]."""
        return np.array([self.bench.arm.kinematics.tool_position_base_m(target) for target in self.targets])


@settings(max_examples=60, deadline=None)
@given(STREAM)
def test_range_box_and_keep_out_hold_for_any_stream(stream: Stream) -> None:
    track = Track.of(stream)
    tools = track.tools()
    assert (np.abs(track.targets) <= 1.5 * SLACK).all()
    assert (tools >= np.array(BOX.min_base_m) - 1e-9).all() and (tools <= np.array(BOX.max_base_m) + 1e-9).all()
    assert max(PILLAR.depth(tool) for tool in tools) <= 1e-9
    for a, b in itertools.pairwise(tools):
        assert not PILLAR.entered(a.tolist(), b.tolist()) or np.array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(STREAM)
def test_no_stream_is_faster_than_joints_and_tool_may_go(stream: Stream) -> None:
    track = Track.of(stream)
    dt_s = np.minimum(np.diff(track.times_s), DT_S)[:, None]
    steps = np.diff(track.targets, axis=0)
    commanded = np.ones(len(steps), bool)
    commanded[[rest - 1 for rest in track.rests]] = False
    assert (np.abs(steps) <= SPEED * dt_s * SLACK + 1e-12)[commanded].all()
    ways = np.linalg.norm(np.diff(track.tools(), axis=0), axis=1)
    assert (ways <= TIGHT.tool_speed_m_s * dt_s[:, 0] * SLACK + 1e-12)[commanded].all()


@settings(max_examples=60, deadline=None)
@given(STREAM)
def test_a_target_stays_back_from_every_side_by_its_share_of_the_tools_distance(stream: Stream) -> None:
    track = Track.of(stream)
    tools = track.tools()
    outside = np.array([[-PILLAR.depth(tool)] for tool in tools])
    measured_outside = np.array([[-PILLAR.depth(tool)] for tool in track.measured])
    for distance_m, measured_m in (
        (tools - BOX.min_base_m, track.measured - BOX.min_base_m),
        (BOX.max_base_m - tools, BOX.max_base_m - track.measured),
        (outside, measured_outside),
    ):
        nearer = np.diff(distance_m, axis=0) < -1e-12
        nearer[[rest - 1 for rest in track.rests]] = False  # no command, but where the arm was
        assert not (nearer & (distance_m[1:] < 0.4 * measured_m - 1e-9)).any()


def test_a_target_on_its_way_to_a_side_waits_for_a_tool_that_is_held_up_and_goes_on_with_it() -> None:
    bench = Bench(replace(WIDE, workspace=BOX, joint_lead_rad=(1.0,) * 5))
    stuck = bench.arm.read().joint_position_rad
    for _ in range(40):
        bench.arm.place(stuck)
        executed = bench.send(bench.start + PAN)
    assert "workspace" in executed.clips
    assert BOX.max_base_m[1] - bench.tools()[-1, 1] == pytest.approx(0.4 * (BOX.max_base_m[1] - HOME[1]), rel=5e-3)
    bench.drive(bench.start + PAN, 40)
    to_side_m = BOX.max_base_m[1] - bench.tools()[:, 1]
    assert to_side_m[-1] == pytest.approx(0.0, abs=2e-4) and (to_side_m >= -1e-9).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.003, 0.05, 1.0]), JUMP), min_size=3, max_size=60))
def test_no_stream_speeds_up_harder_or_more_suddenly_than_allowed(
    stream: list[tuple[float, tuple[float, ...]]],
) -> None:
    limits = replace(TIGHT, joint_jerk_rad_s3=(JERK / 5,) * 5)
    track = Track(Bench(limits))
    for scale, jump in stream:
        track.send(track.targets[-1] + scale * np.array(jump))
    speeds = np.vstack([np.zeros(5), track.steps() / DT_S])
    ahead = speeds[1:] * speeds[:-1] > 0.0
    accelerations = np.maximum(0.0, np.abs(speeds[1:]) - np.where(ahead, np.abs(speeds[:-1]), 0.0)) / DT_S
    grown = np.diff(np.vstack([np.zeros(5), accelerations]), axis=0) / DT_S
    assert accelerations.max() <= ACCELERATION * SLACK
    assert grown.max() <= JERK / 5 * SLACK


def test_the_way_to_full_acceleration_takes_as_long_as_jerk_allows() -> None:
    track = Track(Bench(replace(WIDE, joint_jerk_rad_s3=(250.0,) * 5)))
    first = [track.bench.send(track.bench.start + PAN) for _ in range(6)]
    speeds = np.diff([0.0, *[step.command.values[0] - track.bench.start[0] for step in first]]) / DT_S
    np.testing.assert_allclose(np.diff([0.0, *speeds]) / DT_S, [5.0, 10.0, 15.0, 20.0, 20.0, 20.0])
    assert "joint_jerk" in first[0].clips and "joint_jerk" not in first[4].clips


def test_a_tool_that_would_be_too_fast_is_slowed_on_its_way_and_said_so() -> None:
    slow = Bench(replace(WIDE, tool_speed_m_s=0.1))
    executed = slow.drive(slow.start + PAN, 20)
    ways = np.linalg.norm(np.diff(slow.tools(), axis=0), axis=1)
    assert executed[-1].clips[-1] == "tool_speed"
    assert ways.max() == pytest.approx(0.1 * DT_S, rel=2e-3) and ways.max() <= 0.1 * DT_S * SLACK
    assert TOOL_SPEED > 0.1


def test_a_stop_from_full_speed_is_never_hindered_whatever_the_jerk() -> None:
    bench = Bench(replace(WIDE, joint_jerk_rad_s3=(1.0,) * 5, joint_acceleration_rad_s2=(0.5,) * 5))
    moving = bench.drive(bench.start + PAN, 30)[-1].command.values
    executed = bench.send(moving)
    assert executed.clips == ()
    np.testing.assert_array_equal(executed.command.values, moving)
