"""The clock of a station over the graph."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial

from rosgraph_msgs.msg import Clock

from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.link import Link
from robolearn.nodes.stamps import NS, Stamps, to_ns, to_time

APART_S = 0.005  # by so much two processes may differ in how they read a stamp
LONGEST_S = 10.0  # that anybody waits for; a time farther ahead is that of a twin that has ended


class RosClock:
    """Implements ``Clock``: the machine's monotonic time, or the twin's, which in lock-step is asked to go on."""

    def __init__(self, link: Link, kind: TimeKind) -> None:
        """Raises DeviceError if a twin's time does not come in."""
        self.kind = kind
        self._link = link
        self._now_ns: int | None = None
        self._stack = ExitStack()
        if kind is not TimeKind.MONOTONIC:
            link.stamps = Stamps(simulated=True)
            self._stack.enter_context(link.listening(topics.CLOCK, self._heard))
            self._advance_to = link.publisher(topics.ADVANCE_TO)
            self._stack.callback(link.forget, self._advance_to)
            try:
                link.wait(lambda: self._now_ns, f"topic {topics.CLOCK.name}")
            except DeviceError:
                self.close()
                raise

    @property
    def lock_step(self) -> bool:
        """True if time stands still while nobody sleeps on it."""
        return self.kind is TimeKind.LOCK_STEP

    def now_ns(self) -> int:
        """Nanoseconds; with a twin, of its time."""
        return time.monotonic_ns() if self._now_ns is None else self._now_ns

    def sleep_until(self, stamp_ns: int) -> None:
        """Raises DeviceError if the twin's time stops meanwhile."""
        if self.kind is TimeKind.MONOTONIC:
            time.sleep(max(0.0, (stamp_ns - self.now_ns()) / NS))
            return
        if self.lock_step and self.now_ns() < stamp_ns:
            self._advance_to.publish(Clock(clock=to_time(stamp_ns)))
        self.wait_for(stamp_ns)

    def wait_for(self, stamp_ns: int) -> None:
        """Return when the time has come in. A stamp ahead of true time by more than clocks are apart is not waited for.

        Raises DeviceError if the twin's time stops meanwhile, or begins anew."""
        if self.kind is TimeKind.MONOTONIC:
            ahead_s = (stamp_ns - self.now_ns()) / NS
            if 0.0 < ahead_s <= APART_S:
                time.sleep(ahead_s)
            return
        while (before_ns := self.now_ns()) < stamp_ns:
            if stamp_ns - before_ns > LONGEST_S * NS:
                now_s, wanted_s = before_ns / NS, stamp_ns / NS
                raise DeviceError(
                    f"the twin's time has begun anew: it is {now_s:.3f} s, waited for was {wanted_s:.3f} s"
                )
            try:
                self._link.wait(partial(self._moved_on, stamp_ns, before_ns), "the twin's time")
            except DeviceError:
                if self.now_ns() == before_ns:
                    raise

    def _moved_on(self, stamp_ns: int, before_ns: int) -> bool | None:
        """True when a time has come in, and when time has gone back; None until then."""
        return None if before_ns <= self.now_ns() < stamp_ns else True

    def ask_again(self) -> None:
        """Have a twin in lock-step publish all that it has: who has just come has missed it."""
        if self.lock_step:
            self._advance_to.publish(Clock(clock=to_time(self.now_ns())))

    def close(self) -> None:
        """Hear no more of the twin's time; may be called twice."""
        self._stack.close()

    def _heard(self, message: Clock) -> None:
        self._now_ns = to_ns(message.clock)
