"""A person takes over and lets go in the midst of motion, and nothing jumps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from robolearn.actions import ACTION_NAMES
from robolearn.autonomy.handover import HandOver
from robolearn.contracts import Float32, TeleopEvent, TeleopReading

HZ = 10.0
POLICY = np.array([0.6, 0.0, -0.3, 0.0, -1.0], np.float32)
PERSON = np.array([-0.9, 0.3, 0.0, 0.0, 1.0], np.float32)


class Hand:
    """Drives at some ticks; closes or opens the gripper from where it is, 0.1 at each tick."""

    action_names = ACTION_NAMES

    def __init__(self, driving: Iterable[bool], keeps: bool = True) -> None:
        self._driving = iter(driving)
        self.gripper = 1.0
        self.keeps = keeps

    def connect(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def begin(self, seed: int) -> None:
        """Nothing to forget."""

    def keep_gripper(self, value: float) -> None:
        """Goes on from there, if the device can."""
        if self.keeps:
            self.gripper = value

    def read(self) -> TeleopReading:
        """Push, and open the gripper a little."""
        if not next(self._driving):
            return TeleopReading(0, False, np.zeros(5, np.float32), TeleopEvent.NONE)
        self.gripper = min(1.0, self.gripper + 0.1)
        return TeleopReading(0, True, np.append(PERSON[:4], np.float32(self.gripper)), TeleopEvent.NONE)


def turns(driving: list[bool], keeps: bool = True, otherwise: Float32 = POLICY) -> Float32:
    hands = HandOver(Hand(driving, keeps), HZ)
    return np.array([hands.turn(otherwise).action for _ in driving], np.float32)


def test_speed_grows_from_nothing_at_every_change_of_hands() -> None:
    actions = turns([False] * 3 + [True] * 5 + [False] * 5)
    shares = [1 / 3, 2 / 3, 1.0, 1.0, 1.0]
    assert actions[:3, 0] == pytest.approx([0.6] * 3)
    assert actions[3:8, 0] == pytest.approx([-0.9 * share for share in shares])
    assert actions[8:, 0] == pytest.approx([0.6 * share for share in shares])


def test_the_gripper_keeps_its_opening_at_the_takeover_and_at_the_release() -> None:
    actions = turns([False] * 3 + [True] * 5 + [False] * 5)
    gripper = actions[:, 4]
    assert (gripper[:3] == -1.0).all()
    assert np.abs(np.diff(gripper[2:8])).max() < 0.2
    released = gripper[7]
    assert gripper[8] == pytest.approx(released + (-1.0 - released) / 3) and gripper[10] == -1.0


def test_a_device_that_keeps_no_gripper_is_eased_into_its_own() -> None:
    gripper = turns([False, True, True, True], keeps=False)[:, 4]
    assert gripper == pytest.approx([-1.0, -1.0 / 3, 1.0 / 3, 1.0])


def test_while_nobody_drives_a_still_arm_stays_still_and_keeps_its_gripper() -> None:
    still = np.array([0.0, 0.0, 0.0, 0.0, 0.2], np.float32)
    assert (turns([False] * 4, otherwise=still) == still).all()


def test_who_drives_from_the_start_is_not_eased() -> None:
    assert turns([True] * 3)[:, 0] == pytest.approx([-0.9] * 3)


def test_a_reading_is_not_written_into() -> None:
    hands = HandOver(Hand([False, True, False]), HZ)
    before = POLICY.copy()
    for _ in range(3):
        hands.turn(POLICY)
    np.testing.assert_array_equal(POLICY, before)
