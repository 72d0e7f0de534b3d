"""Tests of the gamepad for a process in which umockdev shows one: run by ``tests/drivers/test_gamepad.py``."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest
from evdev import ecodes

from drivers.clock import RealClock
from drivers.gamepad import Gamepad, GamepadConfig
from drivers.hand import HOLD_S, Deed
from robolearn.actions import ACTION_NAMES
from robolearn.contracts import TeleopEvent
from robolearn.errors import ConfigError, DeviceError
from tests.contract.teleop import TeleopContract, TeleopRig
from tests.drivers.under_umockdev.virtual import Node

DEVICE = "/dev/input/event5"
FULL = 32767
EVENT = struct.Struct("<qqHHi")  # input_event of a 64-bit machine
AXES = {"vx": "-ABS_Y", "vy": "-ABS_X", "vz": "-ABS_RY", "wz": "-ABS_RX"}
BUTTONS = {
    "BTN_TL": Deed.OPEN,
    "BTN_TR": Deed.CLOSE,
    "BTN_SOUTH": Deed.SUCCESS,
    "BTN_EAST": Deed.FAILURE,
    "BTN_WEST": Deed.SLOW,
}


def config(
    axes: Mapping[str, str] = AXES,
    buttons: Mapping[str, Deed] = BUTTONS,
    device: str = DEVICE,
    triggers: tuple[str, ...] | None = None,
) -> GamepadConfig:
    return GamepadConfig(axes=axes, dead_zone=0.1, speed=1.0, buttons=buttons, device=device, triggers=triggers)


class Pad(NamedTuple):
    """A person's hands on a gamepad, and the driver of it."""

    node: Node
    driver: Gamepad

    def say(self, kind: int, code: int, value: int) -> None:
        """One event and the end of its report."""
        now_s = time.time()
        stamp = int(now_s), int(now_s % 1 * 1e6)
        self.node.write(EVENT.pack(*stamp, kind, code, value) + EVENT.pack(*stamp, ecodes.EV_SYN, 0, 0))

    def push(self, axis: int, count: int) -> None:
        """Move a stick or trigger."""
        self.say(ecodes.EV_ABS, axis, count)

    def press(self, button: int, down: bool = True) -> None:
        """A button goes down or up."""
        self.say(ecodes.EV_KEY, button, int(down))

    def action(self) -> dict[str, float]:
        """Of one reading."""
        return dict(zip(ACTION_NAMES, self.driver.read().action.tolist(), strict=True))


def plugged(settings: GamepadConfig | None = None) -> Pad:
    node = Node("input/event5")
    node.plug(packets=False)
    return Pad(node, Gamepad(settings or config(), RealClock()))


def connected(settings: GamepadConfig | None = None) -> Pad:
    pad = plugged(settings)
    pad.driver.connect()
    pad.driver.begin(seed=0)
    return pad


@pytest.fixture
def pad() -> Iterator[Pad]:
    pad = connected()
    yield pad
    pad.driver.close()
    pad.node.unplug()


class TestGamepad(TeleopContract):
    """The driver keeps the rules of a teleoperation device."""

    tick_s = 0.02

    def make(self) -> TeleopRig:
        """A person who pushes a stick away and closes the gripper."""
        pad = plugged()

        def engage() -> None:
            pad.push(ecodes.ABS_Y, -FULL)
            pad.press(ecodes.BTN_TR)

        def let_go() -> None:
            pad.push(ecodes.ABS_Y, 0)
            pad.press(ecodes.BTN_TR, down=False)
            pad.driver.read()
            time.sleep(HOLD_S)

        return TeleopRig(pad.driver, RealClock(), engage, let_go, pad.node.unplug)


@pytest.mark.parametrize(
    ("axis", "count", "motion", "value"),
    [
        (ecodes.ABS_Y, -FULL, "vx", 1.0),
        (ecodes.ABS_Y, FULL, "vx", -1.0),
        (ecodes.ABS_X, -FULL, "vy", 1.0),
        (ecodes.ABS_RY, -18022, "vz", 0.5),
        (ecodes.ABS_RX, FULL, "wz", -1.0),
    ],
)
def test_each_stick_moves_its_axis_alone(pad: Pad, axis: int, count: int, motion: str, value: float) -> None:
    pad.push(axis, count)
    expected = dict.fromkeys(ACTION_NAMES, 0.0) | {motion: value}
    assert pad.action() == pytest.approx(expected, abs=0.001)


def test_a_stick_that_does_not_come_back_quite_to_its_middle_does_nothing(pad: Pad) -> None:
    pad.push(ecodes.ABS_X, 3000)
    assert not pad.driver.read().engaged


def test_a_trigger_rests_at_its_end() -> None:
    pad = connected(config(axes={"vz": "ABS_Z"}))
    assert not pad.driver.read().engaged
    pad.push(ecodes.ABS_Z, 255)
    assert pad.action()["vz"] == 1.0
    pad.driver.close()
    pad.node.unplug()


def test_which_axes_are_triggers_may_be_stated() -> None:
    pad = connected(config(axes={"vz": "ABS_X", "vx": "-ABS_Y"}, triggers=("ABS_X",)))
    assert not pad.driver.read().engaged
    pad.push(ecodes.ABS_X, -FULL - 1)
    pad.driver.read()
    pad.push(ecodes.ABS_X, 0)
    assert pad.action()["vz"] == pytest.approx(0.5 / 0.9 - 0.1 / 0.9, abs=0.001)
    pad.driver.close()
    pad.node.unplug()


def test_a_button_slows_down_and_another_labels_the_episode_once(pad: Pad) -> None:
    pad.press(ecodes.BTN_WEST)
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.action()["vx"] == pytest.approx(0.25, abs=0.001)
    pad.press(ecodes.BTN_SOUTH)
    pad.press(ecodes.BTN_EAST)
    readings = [pad.driver.read().event for _ in range(3)]
    assert set(readings) == {TeleopEvent.SUCCESS, TeleopEvent.FAILURE, TeleopEvent.NONE}
    assert readings[2] is TeleopEvent.NONE


def test_the_gripper_starts_where_it_was_and_stops_where_the_button_is_let_go(pad: Pad) -> None:
    pad.driver.keep_gripper(-0.5)
    pad.press(ecodes.BTN_TL)
    assert pad.action()["gripper"] == pytest.approx(-0.5, abs=0.25)
    time.sleep(0.06)
    opened = pad.action()["gripper"]
    assert -0.5 < opened <= 0.0
    pad.press(ecodes.BTN_TL, down=False)
    pad.push(ecodes.ABS_Y, -FULL)
    held = pad.action()["gripper"]
    time.sleep(0.05)
    assert pad.action()["gripper"] == held


def test_a_stick_that_is_pushed_when_an_episode_starts_moves_nothing_before_it_is_let_go(pad: Pad) -> None:
    pad.push(ecodes.ABS_Y, -FULL)
    pad.driver.begin(seed=1)
    assert not pad.driver.read().engaged
    pad.push(ecodes.ABS_Y, 0)
    pad.driver.read()
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.driver.read().engaged


def test_after_lost_events_the_state_is_asked_for_anew(pad: Pad) -> None:
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.driver.read().engaged
    pad.say(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0)
    pad.driver.read()
    time.sleep(HOLD_S)
    assert not pad.driver.read().engaged


def test_unplugged_it_says_so_and_is_opened_again_by_itself(pad: Pad) -> None:
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.driver.read().engaged
    pad.node.unplug()
    for _ in range(3):
        with pytest.raises(DeviceError, match="gamepad: .*(gone|Plugged in)"):
            pad.driver.read()
    pad.node.plug(packets=False)
    assert not pad.driver.read().action.any()
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.driver.read().engaged


def test_none_at_the_path_is_a_plain_error_with_the_way_out() -> None:
    with pytest.raises(DeviceError, match="/dev/input/by-id/none: No such file.*group input.*Here: no gamepad"):
        Gamepad(config(device="/dev/input/by-id/none"), RealClock()).connect()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (config(axes={"vx": "ABS_W"}), "unknown axis 'ABS_W'"),
        (config(triggers=("ABS_RZ",)), "unknown axis 'ABS_RZ'"),
        (config(buttons={"BTN_MODE": Deed.OPEN}), "unknown button 'BTN_MODE'"),
    ],
)
def test_an_axis_or_button_that_it_has_not_is_named(settings: GamepadConfig, fault: str) -> None:
    pad = plugged(settings)
    with pytest.raises(ConfigError, match=fault):
        pad.driver.connect()
    pad.node.unplug()


def test_a_motion_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match="unknown motion 'gripper'"):
        config(axes={"gripper": "ABS_X"})
