"""A scripted person who watches the robot practise, and takes over when it has got nowhere for a while."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import TeleopEvent, TeleopReading
from sim.demonstrator import ACTION_NAMES, Demonstrator
from sim.world import TwinWorld


class Onlooker:
    """Implements ``Teleop``: not engaged until ``patience_s`` of an episode have passed without success."""

    def __init__(self, world: TwinWorld, person: Demonstrator, patience_s: float) -> None:
        self._world = world
        self._person = person
        self._patience_ns = round(patience_s * 1e9)
        self._seed = 0
        self._start_ns = 0
        self._engaged = False

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
        self._start_ns = self._world.clock.now_ns()
        self._engaged = False
        self._person.begin(seed)

    def read(self) -> TeleopReading:
        """Nothing while the robot may still manage; then drive to the end. The verdict is left to the reward model."""
        now_ns = self._world.clock.now_ns()
        if not self._engaged and now_ns - self._start_ns >= self._patience_ns and not self._world.succeeded():
            self._engaged = True
            self._person.begin(self._seed)
        if self._engaged:
            return self._person.read()._replace(event=TeleopEvent.NONE)
        return TeleopReading(now_ns, False, np.zeros(len(ACTION_NAMES), np.float32), TeleopEvent.NONE)
