"""The clock of a twin that ends and begins anew while somebody waits for its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from rosgraph_msgs.msg import Clock

from robolearn.autonomy.cell import is_lock_step
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.stamps import NS, to_time
from tests.nodes.processes import own_network

PERIOD_S = 0.02


class Twin:
    """Only its time, which goes on at ``factor`` of true time."""

    def __init__(self, link: Link, now_s: float, factor: float) -> None:
        self.now_s = now_s
        self._every_s = PERIOD_S / factor
        self._publisher = link.publisher(topics.CLOCK)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self.now_s += PERIOD_S
            self._publisher.publish(Clock(clock=to_time(round(self.now_s * NS))))


@contextmanager
def cell(now_s: float, factor: float = 1.0, kind: TimeKind = TimeKind.SIMULATED) -> Iterator[tuple[Twin, RosClock]]:
    with (
        own_network(),
        closing(Link("twin")) as far,
        closing(Twin(far, now_s, factor)) as twin,
        closing(Link("client")) as near,
    ):
        clock = RosClock(near, kind)
        yield twin, clock
        clock.close()


def test_true_time_is_not_waited_for() -> None:
    """A reading from the future is for whoever checks its age: a gate that waited for it would hear no stop."""
    with own_network(), closing(Link("client")) as link:
        clock = RosClock(link, TimeKind.MONOTONIC)
        before_s = time.monotonic()
        clock.wait_for(clock.now_ns() + 3 * NS)
        assert time.monotonic() - before_s < 1.0


@pytest.mark.parametrize(("kind", "expected"), [(TimeKind.SIMULATED, False), (TimeKind.LOCK_STEP, True)])
def test_a_twin_that_is_slow_is_not_one_in_lock_step(kind: TimeKind, expected: bool) -> None:
    with cell(0.0, factor=0.02, kind=kind) as (_, clock):
        assert is_lock_step(clock) is expected


@pytest.fixture
def late() -> Iterator[tuple[Twin, RosClock]]:
    with cell(426.0) as running:
        yield running


def test_a_time_that_comes_in_is_waited_for(late: tuple[Twin, RosClock]) -> None:
    _, clock = late
    until_ns = clock.now_ns() + NS // 5
    clock.wait_for(until_ns)
    assert clock.now_ns() >= until_ns


@pytest.mark.parametrize("asked_before", [True, False])
def test_the_time_of_a_twin_that_has_ended_is_not_waited_for(late: tuple[Twin, RosClock], asked_before: bool) -> None:
    twin, clock = late
    until_ns = clock.now_ns() + 3 * NS
    anew = threading.Timer(0.2, setattr, (twin, "now_s", 0.0))
    anew.start()
    if not asked_before:
        time.sleep(0.5)
    begun_s = time.monotonic()
    with pytest.raises(DeviceError, match=r"begun anew: it is 0\.\d+ s, waited for was 429\.\d+ s"):
        clock.wait_for(until_ns)
    assert time.monotonic() - begun_s < 2.0
    anew.join()
