"""What follows when a node's process has ended: the restart policy of its entry, for whatever starts the nodes."""

from __future__ import annotations

from enum import Enum, auto

from robolearn.nodes.base import BAD_INPUT, OK
from robolearn.nodes.table import Restart

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0  # before a node is started again; doubled each time it ends too soon
STEADY_S = 10.0  # a node that has run for so long was started well
SLOWEST_S = 60.0  # on a busy machine bad input may be told so late


class Then(Enum):
    """What to do now."""

    START_AGAIN = auto()  # after ``wait_s``
    DONE = auto()  # its work is finished
    GIVE_UP = auto()  # it was started badly, and would end like that again


class Restarts:
    """One node through all its lives."""

    def __init__(self, policy: Restart) -> None:
        self._policy = policy
        self._proved = False  # it has run well once: what it was started with is good
        self.wait_s = FIRST_WAIT_S

    def after(self, status: int, ran_s: float) -> Then:
        """It has ended with this exit status, ``ran_s`` after its start."""
        self._proved = self._proved or ran_s >= (SLOWEST_S if status == BAD_INPUT else STEADY_S)
        if status == BAD_INPUT and not self._proved:
            return Then.GIVE_UP
        if status == OK and self._policy is Restart.ON_FAILURE:
            return Then.DONE
        self.wait_s = FIRST_WAIT_S if ran_s >= STEADY_S else min(2.0 * self.wait_s, LONGEST_WAIT_S)
        return Then.START_AGAIN
