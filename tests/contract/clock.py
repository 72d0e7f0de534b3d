"""What every Clock keeps. Inherit :class:`ClockContract` and say how one is made."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

import pytest

from robolearn.autonomy.cell import is_lock_step
from robolearn.contracts import Clock


class ClockContract(ABC):
    """The rules of a clock, as tests. ``tick_ns`` is a time that the clock can sleep."""

    tick_ns = 20_000_000

    still_s = 0.5  # in which the time of a clock that goes on by itself has gone on

    @abstractmethod
    def make(self) -> Clock:
        """A new clock."""

    @pytest.fixture
    def clock(self) -> Clock:
        """The clock under test."""
        return self.make()

    def test_it_is_a_clock(self, clock: Clock) -> None:
        assert isinstance(clock, Clock)

    def test_time_is_in_whole_nanoseconds_and_never_goes_back(self, clock: Clock) -> None:
        times = []
        for _ in range(20):
            times.append(clock.now_ns())
            clock.sleep_until(clock.now_ns() + self.tick_ns)
        assert all(type(stamp_ns) is int for stamp_ns in times)
        assert times == sorted(times) and times[-1] > times[0]

    def test_sleeping_ends_when_the_time_is_reached(self, clock: Clock) -> None:
        for ticks in (1, 3):
            until_ns = clock.now_ns() + ticks * self.tick_ns
            clock.sleep_until(until_ns)
            assert until_ns <= clock.now_ns() < until_ns + self.tick_ns

    def test_sleeping_until_a_time_gone_by_returns_at_once(self, clock: Clock) -> None:
        clock.sleep_until(clock.now_ns() + self.tick_ns)
        before = clock.now_ns()
        clock.sleep_until(before)
        clock.sleep_until(before - self.tick_ns)
        assert before <= clock.now_ns() < before + self.tick_ns

    def test_it_says_truly_whether_time_stands_still_while_nobody_sleeps(self, clock: Clock) -> None:
        before_ns = clock.now_ns()
        time.sleep(self.still_s)
        assert is_lock_step(clock) == (clock.now_ns() == before_ns)
