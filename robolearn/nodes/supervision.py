"""What a person's hand on the cell means to the actor: when to practise, and how an episode is labelled."""

from __future__ import annotations

import re
import threading
from collections import deque
from enum import Enum

import numpy as np

from robolearn.actions import KeepsGripper
from robolearn.contracts import Clock, Teleop, TeleopEvent, TeleopReading

READY = "ready"  # for the next episode: the cell is at its start
MARKS = {"success": TeleopEvent.SUCCESS, "failure": TeleopEvent.FAILURE}


class RunState(str, Enum):
    """What the actor is to do."""

    IDLE = "idle"  # nobody has said yet
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Pauses:
    """Between attempts that fail: each one is twice as long, while the same fault comes again.

    An arm that presses on something is not to do so all night, as often as it can."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._pause_s, self._kind = first_s, ""

    def after_failure(self, fault: str) -> float:
        """How long to wait now [s]; faults that differ in numbers alone are the same."""
        kind = re.sub(r"-?\d[\d.]*", "#", fault)
        self._pause_s = min(2.0 * self._pause_s, self._longest_s) if kind == self._kind else self._first_s
        self._kind = kind
        return self._pause_s

    def went_well(self) -> None:
        """The next one is short again."""
        self._pause_s, self._kind = self._first_s, ""


class Halted(Exception):
    """No further episode is to begin."""


class Supervision:
    """What the supervisor says, for the threads of an actor."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = RunState.IDLE
        self._marks: deque[TeleopEvent] = deque(maxlen=1)

    @property
    def state(self) -> RunState:
        """What was said last."""
        return self._state

    def say(self, state: RunState) -> None:
        """Practise, wait, or be done."""
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def mark(self, event: TeleopEvent) -> None:
        """Label the episode that runs."""
        self._marks.append(event)

    def require_running(self) -> None:
        """Raises Halted if no episode is to start."""
        if self._state is not RunState.RUNNING:
            raise Halted

    def begin(self) -> None:
        """An episode starts: what was said of another one does not count. Raises Halted if none is to start."""
        self.require_running()
        self._marks.clear()

    def event(self) -> TeleopEvent:
        """What ends the episode that runs: a label, or a state other than running, as an episode thrown away."""
        if self._marks:
            return self._marks.popleft()
        return TeleopEvent.NONE if self._state is RunState.RUNNING else TeleopEvent.RERECORD

    def wait_while(self, states: set[RunState], patience_s: float | None = None) -> RunState:
        """The first state that is none of ``states``, or the one after ``patience_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self._state not in states, patience_s)
            return self._state


class Supervised:
    """Implements ``Teleop`` around somebody who may take over, or nobody: the supervisor's word comes first."""

    def __init__(self, supervision: Supervision, person: Teleop | None, names: tuple[str, ...], clock: Clock) -> None:
        """``names`` are those of the action."""
        self._supervision, self._person, self._names, self._clock = supervision, person, names, clock

    @property
    def action_names(self) -> tuple[str, ...]:
        """Those of the station."""
        return self._names

    def connect(self) -> None:
        """Open the person's device. Raises DeviceError."""
        if self._person is not None:
            self._person.connect()

    def close(self) -> None:
        """Release it; may be called twice, and before connect."""
        if self._person is not None:
            self._person.close()

    def begin(self, seed: int) -> None:
        """An episode starts. Raises Halted if none is to start, and DeviceError."""
        self._supervision.begin()
        if self._person is not None:
            self._person.begin(seed)

    def keep_gripper(self, value: float) -> None:
        """While the person does not drive: the gripper's action value as commanded, in [-1, 1]."""
        person: object = self._person
        if isinstance(person, KeepsGripper):
            person.keep_gripper(value)

    def read(self) -> TeleopReading:
        """What the person does, and what the supervisor says. Raises DeviceError and BorderError."""
        event = self._supervision.event()
        if self._person is not None:
            reading = self._person.read()
        else:
            idle = np.zeros(len(self._names), np.float32)
            reading = TeleopReading(self._clock.now_ns(), False, idle, TeleopEvent.NONE)
        return reading if event is TeleopEvent.NONE else reading._replace(event=event)
