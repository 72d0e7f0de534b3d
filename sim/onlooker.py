"""A scripted person who watches the robot practise, and takes over when it gets nowhere."""

from __future__ import annotations

import numpy as np

from robolearn.actions import ACTION_NAMES
from robolearn.contracts import TeleopEvent, TeleopReading
from sim.demonstrator import Demonstrator
from sim.world import TwinWorld

NOTICED_M = 0.005  # progress that a person can see


class Onlooker:
    """Implements ``Teleop``: not engaged until an episode has seen no progress for ``stall_s``, or has gone on for
    ``patience_s`` without success. A robot that loses the cube may try again."""

    def __init__(self, world: TwinWorld, person: Demonstrator, stall_s: float, patience_s: float) -> None:
        self._world = world
        self._person = person
        self._stall_ns, self._patience_ns = round(stall_s * 1e9), round(patience_s * 1e9)
        self.begin(0)

    @property
    def action_names(self) -> tuple[str, ...]:
        """As the person's."""
        return ACTION_NAMES

    def connect(self) -> None:
        """The person sits down to watch."""
        self._person.connect()

    def close(self) -> None:
        """The person leaves."""
        self._person.close()

    def begin(self, seed: int) -> None:
        """A new episode: hands off."""
        self._seed = seed
        self._start_ns = self._progress_ns = self._world.clock.now_ns()
        self._held = False
        self._least_left_m = np.inf
        self._engaged = False
        self._person.begin(seed)

    def read(self) -> TeleopReading:
        """Nothing while the robot may still manage; then drive to the end. The verdict is left to the reward model."""
        now_ns = self._world.clock.now_ns()
        self._watch(now_ns)
        if not self._engaged and self._is_enough(now_ns) and not self._world.succeeded():
            self._engaged = True
            self._person.begin(self._seed)
        if self._engaged:
            return self._person.read()._replace(event=TeleopEvent.NONE)
        return TeleopReading(now_ns, False, np.zeros(len(ACTION_NAMES), np.float32), TeleopEvent.NONE)

    def _watch(self, now_ns: int) -> None:
        """Note when the robot last came nearer to the cube or, with the cube, to the goal."""
        held, left_m = self._person.holds(), self._person.left_m()
        if held != self._held or left_m < self._least_left_m - NOTICED_M:
            self._held, self._least_left_m, self._progress_ns = held, left_m, now_ns

    def _is_enough(self, now_ns: int) -> bool:
        return now_ns - self._progress_ns >= self._stall_ns or now_ns - self._start_ns >= self._patience_ns
