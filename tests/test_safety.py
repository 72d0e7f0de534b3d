"""The gate over an integrated arm: what passes, is shortened, is refused, and what happens in silence."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import ArmCommand, ArmState, CommandMode, Executed, Float
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.limits import Box, Limits
from robolearn.safety import Gate
from tests.contract.fake_arm import PERIOD_NS, FakeArm, SteppedClock

NS = 1_000_000_000
DT_S = PERIOD_NS / NS
SPEED, ACCELERATION = 2.0, 20.0
WIDE = Limits(
    joint_lower_rad=(-1.5,) * 5,
    joint_upper_rad=(1.5,) * 5,
    joint_speed_rad_s=(SPEED,) * 5,
    joint_acceleration_rad_s2=(ACCELERATION,) * 5,
    workspace=Box((-0.5, -0.5, 0.0), (0.5, 0.5, 0.5)),
    keep_out=(),
    command_max_age_s=0.1,
    watchdog_s=0.2,
)
PAN = np.eye(5)[0]


class Bench:
    """A gate over the fake arm, driven by hand."""

    def __init__(self, limits: Limits = WIDE) -> None:
        self.clock = SteppedClock()
        self.arm = FakeArm(self.clock)
        self.gate = Gate(self.arm, limits, self.arm.kinematics, self.clock)
        self.gate.connect()
        self.start = self.arm.read().joint_position_rad

    def send(self, values: Float, opening: float | None = None, wait_ns: int = PERIOD_NS) -> Executed:
        """One fresh command, then some time."""
        executed = self.gate.command(self.asked(values, opening))
        self.clock.sleep_until(self.clock.now_ns() + wait_ns)
        return executed

    def asked(self, values: Float, opening: float | None = None) -> ArmCommand:
        """A fresh command."""
        return ArmCommand(self.clock.now_ns(), CommandMode.JOINT_POSITION, values, opening)

    def drive(self, values: Float, commands: int) -> list[Executed]:
        """The same goal again and again."""
        return [self.send(values) for _ in range(commands)]

    def tools(self) -> Float:
        """Tool positions (N, 3) [m] of everything the motors were told."""
        return np.array([self.arm.kinematics.tool_position_base_m(target) for target in self.arm.sent])


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
    executed = bench.send(bench.start + 0.008 * PAN)
    assert executed.clips == ("workspace",)
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


def test_a_refused_command_is_not_sent_and_the_next_good_one_passes() -> None:
    bench = Bench()
    for values in (np.full(5, np.nan), np.zeros(4), np.array(["0"] * 5), np.zeros(5, complex)):
        with pytest.raises(BorderError):
            bench.gate.command(bench.asked(values))
    for opening in (float("nan"), float("inf")):
        with pytest.raises(BorderError):
            bench.gate.command(bench.asked(bench.start, opening))
    assert bench.arm.sent == []
    assert bench.send(bench.start + 0.004).clips == ()


def test_a_command_stamped_before_the_last_one_is_refused() -> None:
    bench = Bench()
    early = bench.asked(bench.start)
    bench.clock.sleep_until(PERIOD_NS)
    bench.send(bench.start)
    with pytest.raises(BorderError, match="before the last"):
        bench.gate.command(early)
    assert len(bench.arm.sent) == 1


def test_a_silent_stream_is_held_still_where_the_arm_is_and_said_so_in_the_next_clips() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 10)
    bench.clock.sleep_until(bench.clock.now_ns() + 15 * PERIOD_NS)
    sent = len(bench.arm.sent)
    state = bench.gate.read()
    assert len(bench.arm.sent) == sent + 1
    np.testing.assert_array_equal(bench.arm.sent[-1], state.joint_position_rad)
    bench.gate.tick()
    assert len(bench.arm.sent) == sent + 1
    assert bench.gate.fault is None
    assert bench.send(state.joint_position_rad + 0.004).clips == ("watchdog",)
    assert bench.send(state.joint_position_rad + 0.005).clips == ()


def test_after_silence_a_stream_starts_from_rest() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 10)
    bench.clock.sleep_until(bench.clock.now_ns() + 15 * PERIOD_NS)
    here = bench.arm.read().joint_position_rad
    executed = bench.send(here + PAN)
    assert "watchdog" in executed.clips
    assert executed.command.values[0] - here[0] == pytest.approx(ACCELERATION * DT_S**2)


def test_an_arm_that_was_never_commanded_is_not_held_by_the_watchdog() -> None:
    bench = Bench()
    bench.clock.sleep_until(NS)
    bench.gate.read()
    assert bench.arm.sent == []


def test_a_fault_of_the_device_is_kept_until_rearm_even_if_the_device_forgets_it() -> None:
    bench = Bench()
    bench.arm.fault = "servo 3 overheated"
    assert bench.gate.fault == "servo 3 overheated"
    bench.arm.fault = None
    with pytest.raises(DeviceError, match="servo 3 overheated.*rearm"):
        bench.gate.command(bench.asked(bench.start))
    bench.gate.rearm()
    assert bench.send(bench.start).clips == ()


class Unplugged(FakeArm):
    """Loses its cable at a command."""

    loose = False

    def command(self, command: ArmCommand) -> Executed:
        """Fail while loose."""
        if self.loose:
            raise DeviceError("fake: no answer from servo 2")
        return super().command(command)


class Stuck(FakeArm):
    """Cannot be re-armed."""

    def rearm(self) -> None:
        """Leave the fault."""


class Frozen(FakeArm):
    """Repeats its first reading."""

    def read(self) -> ArmState:
        """A reading with the stamp of the start."""
        return super().read()._replace(stamp_ns=0)


def gate_over(kind: type[FakeArm]) -> tuple[Gate, FakeArm, SteppedClock]:
    """A connected gate over a fake arm with something wrong."""
    clock = SteppedClock()
    arm = kind(clock)
    gate = Gate(arm, WIDE, arm.kinematics, clock)
    gate.connect()
    return gate, arm, clock


def test_a_device_that_fails_at_a_command_is_a_fault_until_rearm() -> None:
    gate, arm, clock = gate_over(Unplugged)
    command = ArmCommand(clock.now_ns(), CommandMode.JOINT_POSITION, arm.read().joint_position_rad, None)
    arm.loose = True  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match="servo 2"):
        gate.command(command)
    arm.loose = False  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match="servo 2"):
        gate.command(command)
    gate.rearm()
    assert gate.command(command).clips == ()


def test_a_fault_that_rearm_does_not_clear_is_named() -> None:
    gate, _, _ = gate_over(Stuck)
    gate.stop("emergency stop")
    with pytest.raises(DeviceError, match="persists: emergency stop"):
        gate.rearm()
    assert gate.fault == "emergency stop"


def test_a_stale_reading_is_no_ground_to_start_from() -> None:
    gate, _, clock = gate_over(Frozen)
    gate.stop("lunch")
    clock.sleep_until(NS)
    with pytest.raises(BorderError, match="reading: age"):
        gate.rearm()
    assert gate.fault == "lunch"


def test_rearm_starts_from_where_the_arm_was_put_meanwhile() -> None:
    bench = Bench()
    bench.gate.stop("a person moves it by hand")
    bench.arm.place(bench.start + 0.3)
    bench.gate.rearm()
    executed = bench.send(bench.start)
    assert "joint_speed" in executed.clips
    assert np.abs(executed.command.values - (bench.start + 0.3)).max() <= SPEED * DT_S


def test_the_spec_is_narrowed_to_the_limits() -> None:
    spec = Bench().gate.spec
    np.testing.assert_array_equal(spec.joint_upper_rad, np.full(5, 1.5))
    np.testing.assert_array_equal(spec.joint_velocity_limit_rad_s, np.full(5, SPEED))
    assert spec.modes == (CommandMode.JOINT_POSITION,)


@pytest.mark.parametrize(
    "change",
    [
        {"joint_upper_rad": (1.5, 1.5, 1.7, 1.5, 1.5)},
        {"joint_lower_rad": (-1.5, -1.5, -1.7, -1.5, -1.5)},
        {"joint_speed_rad_s": (2.0, 2.0, 5.0, 2.0, 2.0)},
    ],
    ids=["joint_upper_rad", "joint_lower_rad", "joint_speed_rad_s"],
)
def test_limits_wider_than_the_device_are_refused_by_name(change: dict[str, tuple[float, ...]]) -> None:
    (name,) = change
    clock = SteppedClock()
    arm = FakeArm(clock)
    with pytest.raises(ConfigError, match=f"{name} allows more than the device.*elbow"):
        Gate(arm, replace(WIDE, **change), arm.kinematics, clock)  # type: ignore[arg-type]
