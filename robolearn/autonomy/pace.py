"""Keeps an actor in a lock-step world abreast of its learner, and never makes a real robot wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from robolearn.learning.progress_file import LearnerProgress, read_progress
from robolearn.learning.ratio import Ratio

POLL_S = 0.02


class Pace:
    """Waits while the actor is further ahead of the learner than allowed."""

    def __init__(
        self,
        progress: Path,
        ratio: Ratio,
        lead_steps: int,
        patience_s: float,
        say: Callable[[str], None],
        watch: Callable[[], None],
    ) -> None:
        """``say`` is told when the learner stands still for ``patience_s``, and when it is back; ``watch`` is called
        while there is time to look after the learner."""
        self._path, self._ratio, self._lead_steps = progress, ratio, lead_steps
        self._patience_s, self._say, self._watch = patience_s, say, watch
        self._covered_steps = -1
        self._given_up: LearnerProgress | None = None
        self._alone = False

    @property
    def alone(self) -> bool:
        """True while the actor goes on without a learner that stands still."""
        return self._alone

    def wait(self, steps: int) -> None:
        """Return once ``steps`` practised so far are not too many, or the learner stands still for too long."""
        if steps <= self._covered_steps + self._lead_steps:
            return
        seen = self._look()
        if self._alone and seen == self._given_up:
            return
        if self._alone:
            self._alone = False
            self._say("the learner is back: practice keeps step with it again")
        moved_s = time.monotonic()
        while steps > self._covered_steps + self._lead_steps:
            self._watch()
            time.sleep(POLL_S)
            newer = self._look()
            if newer != seen:
                seen, moved_s = newer, time.monotonic()
            elif time.monotonic() - moved_s > self._patience_s:
                self._give_up(seen)
                return

    def _look(self) -> LearnerProgress | None:
        progress = read_progress(self._path)
        if progress is not None:
            self._covered_steps = self._ratio.steps_covered(progress.updates)
        return progress

    def _give_up(self, seen: LearnerProgress | None) -> None:
        self._alone, self._given_up = True, seen
        self._say(
            f"the learner has stood still for {self._patience_s:.0f} s: practice goes on with the weights it has. "
            "Start it again with: robolearn learn"
        )
