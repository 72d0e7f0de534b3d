"""A gamepad whose left stick is pushed away while it is opened: run by ``tests/drivers/test_gamepad.py``."""

from __future__ import annotations

import pytest
from evdev import ecodes

from robolearn.errors import DeviceError
from tests.drivers.under_umockdev.gamepad import FULL, Pad, connected


@pytest.mark.parametrize("again", [False, True], ids=["opened", "opened again"])
def test_a_stick_that_is_held_meanwhile_drives_once_it_was_let_go_and_not_by_being_let_go(again: bool) -> None:
    pad = connected()
    if again:
        replug(pad)
    assert not pad.driver.read().engaged
    pad.push(ecodes.ABS_Y, -FULL)
    assert not pad.driver.read().engaged
    pad.push(ecodes.ABS_Y, 0)
    reading = pad.driver.read()
    assert not reading.engaged and not reading.action.any()
    pad.push(ecodes.ABS_Y, -FULL)
    assert pad.action()["vx"] == pytest.approx(1.0, abs=0.001)
    pad.driver.close()
    pad.node.unplug()


def replug(pad: Pad) -> None:
    """At rest, and then gone; it is back while the person holds the stick."""
    pad.push(ecodes.ABS_Y, 0)
    pad.driver.read()
    pad.node.unplug()
    with pytest.raises(DeviceError):
        pad.driver.read()
    pad.node.plug(packets=False)
