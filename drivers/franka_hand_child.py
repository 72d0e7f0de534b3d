"""The process in which franky's gripper lives: its calls wait for the hand, for ever if the link is lost."""

from __future__ import annotations

import os
import time

import franky

from drivers.child import run_child
from drivers.franka_words import HandReading, HandSettings
from robolearn.processes import Urgency, served_as

REPORT_S = 0.02
CLOSED = 0.02  # an opening below this is a grasp
ANY_WIDTH_M = 0.1  # a grasp of whatever there is has succeeded
STOPPING_S = 1.0


class HandDevice:
    """Implements ``drivers.child.Device``: one connection to a hand."""

    poll_s = 0.01

    def __init__(self, settings: HandSettings) -> None:
        """Raises RuntimeError if the hand cannot be reached."""
        self._settings = settings
        _stay_on_one_core()
        try:
            self._hand = franky.Gripper(settings.host)
        except franky.Exception as error:
            raise RuntimeError(str(error)) from error
        self._doing: franky.BoolFuture | None = None
        self._goal: float | None = None
        self._done: float | None = None  # the goal of what is being done, or was done last
        self._hand_ms = -1
        self._reported_s = 0.0

    def arm(self) -> None:
        """Let a hand that does not know its ends find them: its fingers move."""
        try:
            if self._hand.max_width <= 0.0 and not self._hand.homing():
                raise RuntimeError("homing failed: look for something in the way of the fingers")
        except (franky.Exception, franky.GripperException) as error:
            raise RuntimeError(str(error)) from error

    def target(self, numbers: list[float]) -> None:
        """An opening, 0 closed .. 1 open."""
        self._goal = numbers[0]

    def halt(self) -> None:
        """Stay here, and keep the grip."""
        self._goal = None
        self._interrupt()

    def reading(self) -> bytes | None:
        """The newest state, now and then; None if the hand has said nothing new."""
        if time.monotonic() - self._reported_s < REPORT_S:
            return None
        try:
            state = self._hand.state
        except franky.Exception as error:
            raise RuntimeError(str(error)) from error
        if state.time.to_msec() == self._hand_ms:
            return None
        self._hand_ms, self._reported_s = state.time.to_msec(), time.monotonic()
        return HandReading(state.width, state.max_width, state.is_grasped).pack()

    def keep_alive(self) -> None:
        """Begin what is to be done next; what is being done is broken off for another goal."""
        goal = self._goal
        if goal is None or goal == self._done:
            return
        self._interrupt()
        settings = self._settings
        speed_m_s, force_n, width_m = settings.speed_m_s, settings.force_n, goal * self._hand.max_width
        with served_as(Urgency.ACTS):
            if goal < CLOSED:
                self._doing = self._hand.grasp_async(0.0, speed_m_s, force_n, ANY_WIDTH_M, ANY_WIDTH_M)
            else:
                self._doing = self._hand.move_async(width_m, speed_m_s)
        self._done = goal

    def let_go(self) -> None:
        """The hand keeps its grip by itself."""

    def _interrupt(self) -> None:
        doing, self._doing, self._done = self._doing, None, None
        if doing is None or doing.wait(0.0):
            return
        try:
            self._hand.stop()
        except franky.Exception as error:
            raise RuntimeError(str(error)) from error
        if not doing.wait(STOPPING_S):
            raise RuntimeError("the hand does not stop")


def _stay_on_one_core() -> None:
    """Let a request to stop come through at once, also on a busy machine.

    Who waits for the end of a motion holds libfranka's lock, and takes it again in the moment after it has let go: a
    thread on another core never gets it. One on the same core, that goes first, does."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    run_child(lambda settings: HandDevice(HandSettings.from_json(settings)))
