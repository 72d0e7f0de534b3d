"""Tests of the SpaceMouse for a process in which umockdev shows one: run by ``tests/drivers/test_spacemouse.py``."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from drivers.clock import RealClock
from drivers.hand import Deed
from drivers.spacemouse import SILENCE_S, SpaceMouse, SpaceMouseConfig
from robolearn.actions import ACTION_NAMES
from robolearn.contracts import TeleopEvent, TeleopReading
from robolearn.errors import ConfigError, DeviceError
from tests.contract.teleop import TeleopContract, TeleopRig
from tests.drivers.under_umockdev.virtual import Node

FULL = 350
AXES = {"vx": "x", "vy": "y", "vz": "z", "wz": "yaw"}
BUTTONS = {"LEFT": Deed.CLOSE, "RIGHT": Deed.OPEN}


def config(buttons: dict[str, Deed] | None = None, axes: dict[str, str] | None = None) -> SpaceMouseConfig:
    return SpaceMouseConfig(axes=axes or AXES, dead_zone=0.1, speed=1.0, buttons=buttons or BUTTONS)


class Puck(NamedTuple):
    """A person's hand on a SpaceMouse Compact, and the driver of it."""

    node: Node
    driver: SpaceMouse

    def push(self, right: int = 0, near: int = 0, down: int = 0) -> None:
        """Move the cap, in counts of the device: x to the right, y towards the person, z down."""
        self.node.write(struct.pack("<Bhhh", 1, right, near, down))

    def turn(self, clockwise: int) -> None:
        """Turn the cap about its upright axis."""
        self.node.write(struct.pack("<Bhhh", 2, 0, 0, clockwise))

    def press(self, bits: int) -> None:
        """Buttons that are down now: 1 is the left, 2 the right."""
        self.node.write(bytes([3, bits]))

    def release(self) -> None:
        """Let go of everything."""
        self.push()
        self.turn(0)
        self.press(0)

    def action(self) -> dict[str, float]:
        """Of one reading."""
        return dict(zip(ACTION_NAMES, self.driver.read().action.tolist(), strict=True))


def plugged(settings: SpaceMouseConfig | None = None, packets: bool = True) -> Puck:
    node = Node("hidraw0")
    node.plug(packets)
    return Puck(node, SpaceMouse(settings or config(), RealClock()))


@pytest.fixture
def puck() -> Iterator[Puck]:
    puck = plugged()
    puck.driver.connect()
    puck.driver.begin(seed=0)
    yield puck
    puck.driver.close()
    puck.node.unplug()


class TestSpaceMouse(TeleopContract):
    """The driver keeps the rules of a teleoperation device."""

    tick_s = 0.02

    def make(self) -> TeleopRig:
        """A person who pushes away and closes the gripper."""
        puck = plugged()

        def engage() -> None:
            puck.push(near=-FULL)
            puck.press(1)

        return TeleopRig(puck.driver, RealClock(), engage, lambda: self.let_go(puck), puck.node.unplug)

    @staticmethod
    def let_go(puck: Puck) -> None:
        """Until the hold time of the hand is over."""
        puck.release()
        time.sleep(0.02)
        for _ in range(10):
            if puck.driver.read().engaged:
                time.sleep(0.03)


@pytest.mark.parametrize(
    ("pushed", "axis", "value"),
    [
        ({"near": -FULL}, "vx", 1.0),
        ({"near": FULL}, "vx", -1.0),
        ({"right": -FULL}, "vy", 1.0),
        ({"down": -FULL}, "vz", 1.0),
        ({"down": 192}, "vz", -0.5),
    ],
)
def test_each_direction_moves_its_axis_alone(puck: Puck, pushed: dict[str, int], axis: str, value: float) -> None:
    puck.push(**pushed)
    expected = dict.fromkeys(ACTION_NAMES, 0.0) | {axis: value}
    assert puck.action() == pytest.approx(expected, abs=0.01)


def test_turning_to_the_left_turns_the_tool_to_the_left(puck: Puck) -> None:
    puck.turn(-FULL)
    assert puck.action()["wz"] == pytest.approx(1.0)


def test_a_hand_that_rests_on_the_cap_does_nothing(puck: Puck) -> None:
    puck.push(right=30, near=-34, down=20)
    assert not puck.driver.read().engaged


def test_all_reports_that_came_are_read_and_the_newest_counts(puck: Puck) -> None:
    for near in range(-160, -50, 10):
        puck.push(near=near)
    assert puck.action()["vx"] == pytest.approx((60 / 350 - 0.1) / 0.9, abs=0.01)


def test_the_gripper_goes_on_from_where_it_was_and_stays_where_it_is_left(puck: Puck) -> None:
    puck.driver.keep_gripper(0.3)
    puck.push(near=-FULL)
    assert puck.action()["gripper"] == pytest.approx(0.3)
    puck.press(1)
    values = []
    for _ in range(5):
        time.sleep(0.02)
        values.append(puck.action()["gripper"])
    steps = [before - after for before, after in zip([0.3, *values], values, strict=False)]
    assert all(0.0 <= step <= 0.25 for step in steps) and values[-1] < 0.25
    puck.press(0)
    held = puck.action()["gripper"]
    time.sleep(0.05)
    puck.push(near=-FULL)
    assert puck.action()["gripper"] == pytest.approx(held)


def test_a_cap_that_is_pushed_when_an_episode_starts_moves_nothing_before_it_is_let_go(puck: Puck) -> None:
    puck.push(near=-FULL)
    puck.driver.begin(seed=1)
    puck.push(near=-FULL)
    assert not puck.driver.read().engaged
    puck.release()
    puck.driver.read()
    puck.push(near=-FULL)
    assert puck.driver.read().engaged


def test_with_a_clutch_nothing_moves_but_while_it_is_held() -> None:
    puck = plugged(config({"LEFT": Deed.CLUTCH, "RIGHT": Deed.SUCCESS}))
    puck.driver.connect()
    puck.driver.begin(seed=0)
    puck.push(near=-FULL)
    puck.release()
    assert not puck.driver.read().engaged
    puck.press(1)
    assert puck.driver.read().engaged and not puck.driver.read().action.any()
    puck.push(near=-FULL)
    assert puck.action()["vx"] == pytest.approx(1.0)
    puck.press(0)
    assert not puck.driver.read().engaged
    puck.press(2)
    assert [puck.driver.read().event for _ in range(3)] == [TeleopEvent.SUCCESS, TeleopEvent.NONE, TeleopEvent.NONE]
    puck.driver.close()
    puck.node.unplug()


def test_a_cap_that_falls_silent_while_pushed_counts_as_let_go(puck: Puck) -> None:
    puck.push(near=-FULL)
    assert puck.driver.read().engaged
    deadline_s = time.monotonic() + 10 * SILENCE_S
    while puck.driver.read().engaged:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_what_was_pushed_while_nobody_read_is_forgotten(puck: Puck) -> None:
    puck.push(near=-FULL)
    time.sleep(0.4)
    puck.node.plug(packets=True)  # the kernel's queue belongs to an open file: a new one is empty
    assert not puck.driver.read().engaged


def test_unplugged_it_says_so_and_is_opened_again_by_itself() -> None:
    puck = plugged(packets=False)
    puck.driver.connect()
    puck.driver.begin(seed=0)
    puck.push(near=-FULL)
    assert puck.driver.read().engaged
    puck.node.unplug()
    for _ in range(3):
        with pytest.raises(DeviceError, match="spacemouse: .*(gone|Plugged in)"):
            puck.driver.read()
    puck.node.plug(packets=False)
    assert not seen_again(puck.driver).action.any()
    puck.push(near=-FULL)
    assert puck.driver.read().engaged
    puck.driver.close()
    puck.node.unplug()


def test_a_cap_that_is_pushed_while_it_is_plugged_in_again_moves_nothing_before_it_is_let_go() -> None:
    puck = plugged(packets=False)
    puck.driver.connect()
    puck.driver.begin(seed=0)
    puck.node.unplug()
    with pytest.raises(DeviceError):
        puck.driver.read()
    puck.node.plug(packets=False)
    puck.push(near=-FULL)
    assert not seen_again(puck.driver).engaged
    puck.push(near=-FULL)
    assert not puck.driver.read().engaged
    puck.release()
    puck.driver.read()
    puck.push(near=-FULL)
    assert puck.driver.read().engaged
    puck.driver.close()
    puck.node.unplug()


def seen_again(driver: SpaceMouse) -> TeleopReading:
    """The first reading that is not an error."""
    deadline_s = time.monotonic() + 5
    while True:
        try:
            return driver.read()
        except DeviceError:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)


def test_none_on_this_machine_is_a_plain_error_with_the_way_out() -> None:
    Node("hidraw0").unplug()
    with pytest.raises(DeviceError, match="Plugged in, and allowed to this user"):
        SpaceMouse(config(), RealClock()).connect()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (config(axes={"vx": "w"}), "unknown axis 'w'"),
        (config(buttons={"MIDDLE": Deed.OPEN}), "unknown button 'MIDDLE'.* Valid: LEFT, RIGHT"),
    ],
)
def test_an_axis_or_button_that_it_has_not_is_named(settings: SpaceMouseConfig, fault: str) -> None:
    puck = plugged(settings)
    with pytest.raises(ConfigError, match=fault):
        puck.driver.connect()
    puck.node.unplug()
