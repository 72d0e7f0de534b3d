"""The gate over an integrated arm: what it refuses, faults, and silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import ArmCommand, ArmState, CommandMode, Executed
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.safety import Gate
from tests.contract.fake_arm import PERIOD_NS, FakeArm, SteppedClock
from tests.gate_bench import ACCELERATION, DT_S, PAN, SPEED, WIDE, Bench

NS = 1_000_000_000


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


def test_a_clock_that_goes_back_stops_the_arm() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 5)
    sent = len(bench.arm.sent)
    bench.clock._now_ns -= PERIOD_NS * 3
    with pytest.raises(DeviceError, match="the clock went back"):
        bench.gate.command(bench.asked(bench.start))
    assert len(bench.arm.sent) == sent and bench.arm.fault == "the clock went back"


def test_an_arm_that_was_moved_while_nobody_commanded_is_led_from_where_it_is() -> None:
    bench = Bench()
    bench.drive(bench.start + PAN, 10)
    bench.clock.sleep_until(bench.clock.now_ns() + 15 * PERIOD_NS)
    bench.gate.read()
    elsewhere = bench.start + np.array([0.3, 0.0, 0.0, 0.0, 0.0])
    bench.arm.place(elsewhere)
    bench.clock.sleep_until(bench.clock.now_ns() + NS)
    executed = bench.send(elsewhere)
    assert executed.clips == ("watchdog",)
    np.testing.assert_allclose(bench.arm.sent[-1], elsewhere)


def test_an_arm_of_which_a_part_has_failed_is_stopped_as_a_whole() -> None:
    bench = Bench()
    bench.drive(bench.start + 20 * PAN, 10)
    bench.arm.fault = "gripper: unplugged"
    with pytest.raises(DeviceError, match="gripper: unplugged"):
        bench.gate.command(bench.asked(bench.start + 20 * PAN))
    stopped_at = bench.arm.read().joint_position_rad
    bench.clock.sleep_until(bench.clock.now_ns() + NS)
    np.testing.assert_array_equal(bench.arm.read().joint_position_rad, stopped_at)


def test_every_reason_to_stop_is_kept_until_rearm() -> None:
    bench = Bench()
    for reason in ("tool force", "emergency stop", "tool force"):
        bench.gate.stop(reason)
    assert bench.gate.fault == "tool force; emergency stop"
    bench.gate.rearm()
    assert bench.gate.fault is None


def test_an_arm_is_held_at_once_when_told_to_and_goes_on_with_the_next_command() -> None:
    bench = Bench()
    bench.gate.hold()
    assert bench.arm.sent == [], "without commands it holds still already"
    bench.drive(bench.start + 20 * PAN, 10)
    here = bench.arm.read().joint_position_rad
    bench.gate.hold()
    np.testing.assert_array_equal(bench.arm.sent[-1], here)
    assert bench.send(here).clips == ("watchdog",)


def test_another_commander_has_a_clock_of_its_own() -> None:
    bench = Bench()
    early = bench.asked(bench.start)
    bench.clock.sleep_until(PERIOD_NS)
    bench.send(bench.start)
    assert bench.gate.command(early, new_commander=True).clips == ()


def test_a_new_commander_that_is_refused_leaves_the_order_of_the_one_before() -> None:
    bench = Bench()
    early = bench.asked(bench.start)
    bench.clock.sleep_until(PERIOD_NS)
    bench.send(bench.start)
    with pytest.raises(BorderError, match="not finite"):
        bench.gate.command(bench.asked(bench.start * np.nan), new_commander=True)
    with pytest.raises(BorderError, match="before the last"):
        bench.gate.command(early)
