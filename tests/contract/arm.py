"""What every Arm keeps. Inherit :class:`ArmContract` and say how one is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest

from robolearn.contracts import Arm, ArmCommand, ArmState, Clock, CommandMode, Executed, Float
from robolearn.errors import BorderError, DeviceError

NS = 1_000_000_000
BAD_OPENINGS = (float("nan"), float("inf"), float("-inf"))


class ArmRig(NamedTuple):
    """An arm that is not connected yet, the clock it lives on, and how to clear it all away."""

    arm: Arm
    clock: Clock
    close: Callable[[], None]

    def wait(self, periods: int) -> None:
        """Let some control periods pass."""
        period_ns = round(NS / self.arm.spec.control_hz)
        self.clock.sleep_until(self.clock.now_ns() + periods * period_ns)

    def becomes(self, look: Callable[[], bool], periods: int = 150) -> bool:
        """True as soon as ``look`` does within so many control periods: an arm on real time shares its machine."""
        for _ in range(periods):
            if look():
                return True
            self.wait(1)
        return look()

    def asked(self, values: Float, opening: float | None = None) -> ArmCommand:
        """A fresh command to joint angles [rad]."""
        return ArmCommand(self.clock.now_ns(), CommandMode.JOINT_POSITION, values, opening)

    def drive(self, goal_rad: Float, opening: float | None = None, periods: int = 150) -> Executed:
        """Command a goal each period until it is executed as asked, at most ``periods`` times."""
        for _ in range(periods):
            executed = self.arm.command(self.asked(goal_rad, opening))
            self.wait(1)
            if np.allclose(executed.command.values, goal_rad, atol=1e-9):
                break
        return executed


class ArmContract(ABC):
    """The rules of an arm, as tests. ``moved_rad`` is more, ``still_rad`` less than noise and sag explain."""

    moved_rad = 0.03
    still_rad = 0.01

    @abstractmethod
    def make(self) -> ArmRig:
        """A new arm, not connected, inside its limits and away from them."""

    @pytest.fixture
    def cold(self) -> Iterator[ArmRig]:
        """An arm that is not connected."""
        rig = self.make()
        yield rig
        rig.arm.close()
        rig.close()

    @pytest.fixture
    def rig(self, cold: ArmRig) -> ArmRig:
        """A connected arm at rest."""
        cold.arm.connect()
        cold.wait(5)
        return cold

    def assert_still(self, rig: ArmRig, before: ArmState) -> None:
        """Nothing has moved, and nothing moves for a while."""
        rig.wait(10)
        after = rig.arm.read()
        np.testing.assert_allclose(after.joint_position_rad, before.joint_position_rad, atol=self.still_rad)

    def test_it_is_an_arm(self, cold: ArmRig) -> None:
        assert isinstance(cold.arm, Arm)

    def test_the_spec_can_be_read_before_connect_and_is_complete(self, cold: ArmRig) -> None:
        spec = cold.arm.spec
        joints = len(spec.joint_names)
        assert joints > 0 and len(set(spec.joint_names)) == joints
        assert spec.name and spec.base_frame and spec.tool_frame and spec.modes
        for limit in (spec.joint_lower_rad, spec.joint_upper_rad, spec.joint_velocity_limit_rad_s):
            assert limit.shape == (joints,) and np.isfinite(limit).all()
        assert (spec.joint_lower_rad < spec.joint_upper_rad).all()
        assert (spec.joint_velocity_limit_rad_s > 0).all()
        assert np.isfinite(spec.control_hz) and spec.control_hz > 0

    def test_reading_and_commanding_before_connect_raise(self, cold: ArmRig) -> None:
        with pytest.raises(DeviceError):
            cold.arm.read()
        with pytest.raises(DeviceError):
            cold.arm.command(cold.asked(np.zeros(len(cold.arm.spec.joint_names))))

    def test_close_may_be_called_any_time_and_reading_then_raises(self, cold: ArmRig) -> None:
        cold.arm.close()
        cold.arm.connect()
        cold.arm.close()
        cold.arm.close()
        with pytest.raises(DeviceError):
            cold.arm.read()

    def test_connecting_moves_nothing(self, cold: ArmRig) -> None:
        cold.arm.connect()
        self.assert_still(cold, cold.arm.read())

    def test_a_reading_has_the_shapes_and_ranges_of_the_contract(self, rig: ArmRig) -> None:
        state, spec = rig.arm.read(), rig.arm.spec
        joints = (len(spec.joint_names),)
        assert state.joint_position_rad.shape == joints and np.isfinite(state.joint_position_rad).all()
        if state.joint_velocity_rad_s is not None:
            assert state.joint_velocity_rad_s.shape == joints
            assert np.isfinite(state.joint_velocity_rad_s).all()
        assert state.ee_position_base_m.shape == (3,) and np.isfinite(state.ee_position_base_m).all()
        assert state.ee_quaternion_base_wxyz.shape == (4,)
        assert np.linalg.norm(state.ee_quaternion_base_wxyz) == pytest.approx(1.0, abs=1e-6)

    def test_what_the_arm_does_not_measure_is_none(self, rig: ArmRig) -> None:
        state, spec = rig.arm.read(), rig.arm.spec
        assert (state.wrench_tool is not None) == spec.has_wrench
        assert (state.gripper_opening is not None) == spec.has_gripper
        if state.wrench_tool is not None:
            assert state.wrench_tool.shape == (6,) and np.isfinite(state.wrench_tool).all()
        if state.gripper_opening is not None:
            assert 0.0 <= state.gripper_opening <= 1.0
        if state.gripper_load is not None:
            assert spec.has_gripper and -1.0 <= state.gripper_load <= 1.0

    def test_stamps_are_on_the_clock_never_go_back_and_go_on_with_time(self, rig: ArmRig) -> None:
        stamps = []
        for _ in range(10):
            before = rig.arm.read().stamp_ns
            assert before <= rig.clock.now_ns()
            stamps.append(before)
            rig.wait(1)
        assert stamps == sorted(stamps) and stamps[-1] > stamps[0]
        assert rig.clock.now_ns() - rig.arm.read().stamp_ns < NS // 2

    def test_changing_a_reading_does_not_change_the_device(self, rig: ArmRig) -> None:
        state = rig.arm.read()
        kept = state.joint_position_rad.copy()
        for array in (state.joint_position_rad, state.ee_position_base_m, state.ee_quaternion_base_wxyz):
            array += 1.0
        again = rig.arm.read()
        np.testing.assert_allclose(again.joint_position_rad, kept, atol=self.still_rad)
        assert np.linalg.norm(again.ee_quaternion_base_wxyz) == pytest.approx(1.0, abs=1e-6)

    def test_a_commanded_joint_moves_and_the_executed_target_is_returned(self, rig: ArmRig) -> None:
        before = rig.arm.read()
        goal = before.joint_position_rad + np.eye(len(before.joint_position_rad))[0] * 2 * self.moved_rad
        executed = rig.drive(goal)
        np.testing.assert_allclose(executed.command.values, goal, atol=1e-3)
        start_rad = before.joint_position_rad[0]
        assert rig.becomes(lambda: bool(rig.arm.read().joint_position_rad[0] - start_rad > self.moved_rad))

    def test_a_command_as_the_limits_allow_is_executed_without_clips(self, rig: ArmRig) -> None:
        command = rig.asked(rig.arm.read().joint_position_rad)
        executed = rig.arm.command(command)
        assert executed.clips == ()
        assert executed.command.mode is command.mode and executed.command.stamp_ns == command.stamp_ns
        np.testing.assert_allclose(executed.command.values, command.values, atol=2e-3)

    def test_the_arm_keeps_no_hold_on_the_array_it_was_given_or_gave_back(self, rig: ArmRig) -> None:
        before = rig.arm.read()
        values = before.joint_position_rad.copy()
        executed = rig.arm.command(rig.asked(values))
        values += 0.2
        executed.command.values.flags.writeable = True
        executed.command.values[:] += 0.2
        self.assert_still(rig, before)

    def test_a_joint_target_beyond_its_limit_is_clipped_and_named(self, rig: ArmRig) -> None:
        goal = rig.arm.read().joint_position_rad
        goal[-1] = rig.arm.spec.joint_upper_rad[-1] + 0.5
        executed = rig.arm.command(rig.asked(goal))
        assert "joint_range" in executed.clips
        assert (executed.command.values <= rig.arm.spec.joint_upper_rad + 1e-9).all()

    def test_a_gripper_opening_beyond_its_range_is_clipped_and_named(self, rig: ArmRig) -> None:
        if not rig.arm.spec.has_gripper:
            pytest.skip("this arm has no gripper")
        here = rig.arm.read().joint_position_rad
        for asked, allowed in ((1.5, 1.0), (-0.5, 0.0)):
            executed = rig.arm.command(rig.asked(here, asked))
            assert "gripper_range" in executed.clips and executed.command.gripper_opening == allowed
            rig.wait(1)

    def test_no_opening_leaves_the_gripper_where_it_is(self, rig: ArmRig) -> None:
        if not rig.arm.spec.has_gripper:
            pytest.skip("this arm has no gripper")
        before = rig.arm.read()
        rig.drive(before.joint_position_rad + 0.01)
        assert rig.arm.read().gripper_opening == pytest.approx(before.gripper_opening, abs=0.05)

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
    def test_a_target_that_is_not_finite_is_refused_and_nothing_moves(self, rig: ArmRig, bad: float) -> None:
        before = rig.arm.read()
        goal = before.joint_position_rad + 0.1
        goal[0] = bad
        with pytest.raises(BorderError):
            rig.arm.command(rig.asked(goal))
        self.assert_still(rig, before)

    def test_a_target_of_another_shape_is_refused_and_nothing_moves(self, rig: ArmRig) -> None:
        before = rig.arm.read()
        joints = before.joint_position_rad + 0.1
        for values in (joints[:-1], np.append(joints, 0.0), joints[None], np.array(0.1), np.array([])):
            with pytest.raises(BorderError):
                rig.arm.command(rig.asked(values))
        self.assert_still(rig, before)

    @pytest.mark.parametrize("offset_s", [-5.0, 5.0, 0.05], ids=["stale", "future", "a little in the future"])
    def test_a_stale_or_future_command_is_refused_unmoved(self, rig: ArmRig, offset_s: float) -> None:
        before = rig.arm.read()
        stamp_ns = rig.clock.now_ns() + round(offset_s * NS)
        late = ArmCommand(stamp_ns, CommandMode.JOINT_POSITION, before.joint_position_rad + 0.1, None)
        with pytest.raises(BorderError):
            rig.arm.command(late)
        self.assert_still(rig, before)

    def test_a_mode_the_spec_does_not_list_is_refused(self, rig: ArmRig) -> None:
        for mode, size in ((CommandMode.EE_POSE, 7), (CommandMode.EE_TWIST, 6)):
            if mode not in rig.arm.spec.modes:
                with pytest.raises(BorderError):
                    rig.arm.command(ArmCommand(rig.clock.now_ns(), mode, np.zeros(size), None))

    @pytest.mark.parametrize("opening", BAD_OPENINGS)
    def test_an_opening_that_is_not_finite_is_refused_unmoved(self, rig: ArmRig, opening: float) -> None:
        before = rig.arm.read()
        with pytest.raises(BorderError):
            rig.arm.command(rig.asked(before.joint_position_rad + 0.1, opening))
        self.assert_still(rig, before)

    def test_stop_holds_still_and_refuses_until_rearm_which_moves_nothing(self, rig: ArmRig) -> None:
        goal = rig.arm.read().joint_position_rad + 0.1
        rig.arm.command(rig.asked(goal))
        rig.wait(1)
        rig.arm.stop("a person pressed stop")
        assert "a person pressed stop" in (rig.arm.fault or "")
        rig.wait(10)
        held = rig.arm.read()
        with pytest.raises(DeviceError):
            rig.arm.command(rig.asked(goal))
        self.assert_still(rig, held)
        rig.arm.rearm()
        assert rig.arm.fault is None
        self.assert_still(rig, held)
        rig.drive(held.joint_position_rad + 2 * self.moved_rad)
        rig.wait(5)
        assert np.abs(rig.arm.read().joint_position_rad - held.joint_position_rad).max() > self.moved_rad

    def test_closing_and_connecting_again_does_not_clear_a_fault(self, rig: ArmRig) -> None:
        rig.arm.stop("a person pressed stop")
        rig.arm.close()
        rig.arm.connect()
        with pytest.raises(DeviceError):
            rig.arm.command(rig.asked(rig.arm.read().joint_position_rad))
