"""What every Teleop keeps. Inherit :class:`TeleopContract` and say how one is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from robolearn.contracts import Clock, Teleop, TeleopEvent, TeleopReading
from robolearn.errors import DeviceError

NS = 1_000_000_000


class TeleopRig(NamedTuple):
    """A teleoperation device that is not connected yet, its clock, and how to clear it all away.

    ``engage`` makes the person drive until ``release``, which is None for one who always drives."""

    teleop: Teleop
    clock: Clock
    engage: Callable[[], None]
    release: Callable[[], None] | None
    close: Callable[[], None]

    def let_go(self) -> None:
        """The person stops driving; the test is skipped if this one never does."""
        if self.release is None:
            pytest.skip("this person always drives")
        self.release()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.sleep_until(self.clock.now_ns() + round(seconds * NS))


class TeleopContract(ABC):
    """The rules of a teleoperation device, as tests. ``tick_s`` is the time between two readings."""

    tick_s = 0.1

    @abstractmethod
    def make(self) -> TeleopRig:
        """A new device, not connected, nobody driving."""

    @pytest.fixture
    def cold(self) -> Iterator[TeleopRig]:
        """A device that is not connected."""
        rig = self.make()
        yield rig
        rig.teleop.close()
        rig.close()

    @pytest.fixture
    def rig(self, cold: TeleopRig) -> TeleopRig:
        """A connected device at the start of an episode."""
        cold.teleop.connect()
        cold.teleop.begin(seed=0)
        return cold

    def driven(self, rig: TeleopRig, ticks: int) -> list[TeleopReading]:
        """Readings while the person drives."""
        readings = []
        for _ in range(ticks):
            rig.engage()
            readings.append(rig.teleop.read())
            rig.wait(self.tick_s)
        return readings

    def test_it_is_a_teleop(self, cold: TeleopRig) -> None:
        assert isinstance(cold.teleop, Teleop)

    def test_the_action_names_can_be_read_before_connect_and_differ(self, cold: TeleopRig) -> None:
        names = cold.teleop.action_names
        assert len(names) > 0 and len(set(names)) == len(names) and all(names)

    def test_reading_before_connect_raises(self, cold: TeleopRig) -> None:
        with pytest.raises(DeviceError):
            cold.teleop.read()

    def test_close_may_be_called_any_time_and_reading_then_raises(self, cold: TeleopRig) -> None:
        cold.teleop.close()
        cold.teleop.connect()
        cold.teleop.close()
        cold.teleop.close()
        with pytest.raises(DeviceError):
            cold.teleop.read()

    def test_a_device_nobody_touches_is_not_engaged_and_asks_for_nothing(self, rig: TeleopRig) -> None:
        rig.let_go()
        reading = rig.teleop.read()
        assert not reading.engaged and reading.event is TeleopEvent.NONE
        np.testing.assert_array_equal(reading.action, np.zeros(len(rig.teleop.action_names)))

    def test_actions_are_float32_of_the_named_size_finite_and_in_range(self, rig: TeleopRig) -> None:
        for reading in self.driven(rig, 20):
            assert reading.action.shape == (len(rig.teleop.action_names),)
            assert reading.action.dtype == np.float32
            assert (np.abs(reading.action) <= 1.0).all()

    def test_a_driving_person_is_engaged_and_asks_for_motion(self, rig: TeleopRig) -> None:
        readings = self.driven(rig, 20)
        assert any(reading.engaged for reading in readings)
        assert any(np.abs(reading.action).max() > 0.0 for reading in readings if reading.engaged)

    def test_the_action_is_zero_whenever_the_person_is_not_engaged(self, rig: TeleopRig) -> None:
        readings = self.driven(rig, 10)
        rig.let_go()
        for _ in range(10):
            readings.append(rig.teleop.read())
            rig.wait(self.tick_s)
        assert not readings[-1].engaged
        for reading in readings:
            assert reading.engaged or not reading.action.any()

    def test_stamps_are_on_the_clock_and_go_on_with_time(self, rig: TeleopRig) -> None:
        stamps = [reading.stamp_ns for reading in self.driven(rig, 10)]
        assert stamps == sorted(stamps) and stamps[-1] > stamps[0]
        assert stamps[-1] <= rig.clock.now_ns()

    def test_changing_a_reading_does_not_change_the_next(self, rig: TeleopRig) -> None:
        for earlier, later in pairwise(self.driven(rig, 5)):
            assert not np.shares_memory(earlier.action, later.action)
        earlier.action[:] = 9.0
        assert (np.abs(rig.teleop.read().action) <= 1.0).all()

    def test_a_new_episode_starts_without_an_event_from_the_last(self, rig: TeleopRig) -> None:
        self.driven(rig, 5)
        rig.wait(10 * self.tick_s)
        rig.teleop.begin(seed=1)
        assert rig.teleop.read().event is TeleopEvent.NONE
