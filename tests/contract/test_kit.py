"""The kit notices what it is there to notice: each rule fails on a device that breaks just that rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robolearn.contracts import ArmCommand, ArmState, CameraSpec, Executed, Frame, Image
from robolearn.errors import DeviceError
from tests.contract.arm import ArmContract, ArmRig
from tests.contract.camera import CameraContract, CameraRig
from tests.contract.fake_arm import FakeArm, SteppedClock

NS = 1_000_000_000


class LetsNanPass(FakeArm):
    """Compares a command with its limits the wrong way round."""

    def command(self, command: ArmCommand) -> Executed:
        """Replace what it cannot compare."""
        return super().command(command._replace(values=np.nan_to_num(command.values, posinf=0.1, neginf=-0.1)))


class TakesStale(FakeArm):
    """Stamps every command anew."""

    def command(self, command: ArmCommand) -> Executed:
        """Forget the age."""
        return super().command(command._replace(stamp_ns=self._clock.now_ns()))


class BroadcastsShapes(FakeArm):
    """Fills up a short command."""

    def command(self, command: ArmCommand) -> Executed:
        """Resize."""
        return super().command(command._replace(values=np.resize(command.values, 5)))


class HidesClips(FakeArm):
    """Clips without saying so."""

    def command(self, command: ArmCommand) -> Executed:
        """Drop the reasons."""
        return super().command(command)._replace(clips=())


class ReturnsRequest(FakeArm):
    """Says that it did what it was asked."""

    def command(self, command: ArmCommand) -> Executed:
        """Return the request."""
        return super().command(command)._replace(command=command)


class InventsWrench(FakeArm):
    """Makes up a sensor."""

    def read(self) -> ArmState:
        """Zeros for what is not measured."""
        return super().read()._replace(wrench_tool=np.zeros(6))


class SharesArrays(FakeArm):
    """Hands out its own state."""

    def read(self) -> ArmState:
        """The array itself."""
        return super().read()._replace(joint_position_rad=self._position)


class MovesOnRearm(FakeArm):
    """Goes back to its last goal when it may."""

    def command(self, command: ArmCommand) -> Executed:
        """Remember the goal."""
        executed = super().command(command)
        self._goal = executed.command.values.copy()
        return executed

    def rearm(self) -> None:
        """Move."""
        super().rearm()
        self._target = self._goal


class IgnoresStop(FakeArm):
    """Goes on after stop."""

    def stop(self, reason: str) -> None:
        """Nothing."""


class ForgetsFault(FakeArm):
    """Clears its fault by reconnecting."""

    def connect(self) -> None:
        """Start anew."""
        super().connect()
        self.fault = None


class HomesOnConnect(FakeArm):
    """Moves to zero when opened."""

    def connect(self) -> None:
        """Move."""
        super().connect()
        self._target = np.zeros(5)


class WallClock(FakeArm):
    """Stamps by another clock."""

    def read(self) -> ArmState:
        """A stamp from the future."""
        state = super().read()
        return state._replace(stamp_ns=state.stamp_ns + 10 * NS)


class ReadsUnconnected(FakeArm):
    """Delivers zeros without a device."""

    def _require_connected(self) -> None:
        """Nothing."""


BROKEN_ARMS = {
    LetsNanPass: "test_a_target_that_is_not_finite_is_refused_and_nothing_moves",
    TakesStale: "test_a_stale_or_future_command_is_refused_unmoved",
    BroadcastsShapes: "test_a_target_of_another_shape_is_refused_and_nothing_moves",
    HidesClips: "test_a_joint_target_beyond_its_limit_is_clipped_and_named",
    ReturnsRequest: "test_a_joint_target_beyond_its_limit_is_clipped_and_named",
    InventsWrench: "test_what_the_arm_does_not_measure_is_none",
    SharesArrays: "test_changing_a_reading_does_not_change_the_device",
    MovesOnRearm: "test_stop_holds_still_and_refuses_until_rearm_which_moves_nothing",
    IgnoresStop: "test_stop_holds_still_and_refuses_until_rearm_which_moves_nothing",
    ForgetsFault: "test_closing_and_connecting_again_does_not_clear_a_fault",
    HomesOnConnect: "test_connecting_moves_nothing",
    WallClock: "test_stamps_are_on_the_clock_never_go_back_and_go_on_with_time",
    ReadsUnconnected: "test_reading_and_commanding_before_connect_raise",
}
ARGUMENTS: dict[str, tuple[float, ...]] = {
    "test_a_target_that_is_not_finite_is_refused_and_nothing_moves": (float("nan"),),
    "test_a_stale_or_future_command_is_refused_unmoved": (-5.0,),
}
COLD_ARM = {"test_connecting_moves_nothing", "test_reading_and_commanding_before_connect_raise"}


def rig_of(kind: type[FakeArm]) -> ArmRig:
    """A rig around one of the arms."""
    clock = SteppedClock()
    return ArmRig(kind(clock), clock, lambda: None)


class Kit(ArmContract):
    """The rules, to be called by hand."""

    def make(self) -> ArmRig:
        """The honest arm."""
        return rig_of(FakeArm)


def apply(rule: str, rig: ArmRig) -> None:
    """Run one rule of the arm's kit."""
    if rule not in COLD_ARM:
        rig.arm.connect()
        rig.wait(5)
    getattr(Kit(), rule)(rig, *ARGUMENTS.get(rule, ()))


@pytest.mark.parametrize(("kind", "rule"), BROKEN_ARMS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_arm_fails_the_rule_it_breaks(kind: type[FakeArm], rule: str) -> None:
    apply(rule, rig_of(FakeArm))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        apply(rule, rig_of(kind))


class FakeCamera:
    """Exposes noise at its own rate, on time."""

    def __init__(self, clock: SteppedClock) -> None:
        self.spec = CameraSpec("fake", 8, 6, 10.0, "fake_camera")
        self._clock = clock
        self._connected = False

    def connect(self) -> None:
        """Start the stream."""
        self._connected = True

    def close(self) -> None:
        """End the stream."""
        self._connected = False

    def read(self) -> Frame:
        """The newest frame."""
        if not self._connected:
            raise DeviceError("fake camera: not connected; call connect() first")
        number = self._clock.now_ns() // (NS // 10)
        return Frame(number * (NS // 10), self.exposed(number))

    def exposed(self, number: int) -> Image:
        """What the sensor saw."""
        return np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)


class RestampsOldFrame(FakeCamera):
    """Stalls, and stamps its last frame anew."""

    def read(self) -> Frame:
        """The first frame for ever."""
        return super().read()._replace(rgb=self.exposed(0))


class RestampsOnRead(FakeCamera):
    """Stamps frames when they are read."""

    def read(self) -> Frame:
        """The time of reading."""
        return super().read()._replace(stamp_ns=self._clock.now_ns())


class OtherResolution(FakeCamera):
    """Delivers another size than it says."""

    def read(self) -> Frame:
        """A smaller frame."""
        frame = super().read()
        return frame._replace(rgb=frame.rgb[::2, ::2])


class SharesPixels(FakeCamera):
    """Hands out its own buffer."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(clock)
        self._buffers: dict[int, Image] = {}

    def exposed(self, number: int) -> Image:
        """The same memory for each frame."""
        return self._buffers.setdefault(number, super().exposed(number))


class CameraKit(CameraContract):
    """The rules, to be called by hand."""

    def make(self) -> CameraRig:
        """The honest camera."""
        return camera_rig_of(FakeCamera)


def camera_rig_of(kind: Callable[[SteppedClock], FakeCamera]) -> CameraRig:
    """A connected camera in a rig."""
    clock = SteppedClock()
    rig = CameraRig(kind(clock), clock, 1_000_000, lambda: None)
    rig.camera.connect()
    rig.wait(0.3)
    return rig


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (RestampsOldFrame, "test_an_old_frame_keeps_its_old_stamp"),
        (RestampsOnRead, "test_an_old_frame_keeps_its_old_stamp"),
        (OtherResolution, "test_a_frame_has_the_resolution_of_the_spec_and_shows_something"),
        (SharesPixels, "test_changing_a_frame_does_not_change_the_next_reading"),
    ],
)
def test_a_broken_camera_fails_the_rule_it_breaks(kind: type[FakeCamera], rule: str) -> None:
    getattr(CameraKit(), rule)(camera_rig_of(FakeCamera))
    with pytest.raises(AssertionError):
        getattr(CameraKit(), rule)(camera_rig_of(kind))
