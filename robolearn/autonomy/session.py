"""What goes on around the episodes that a person drives: who makes ready for one, and who watches it."""

from __future__ import annotations

from typing import Protocol

from robolearn.contracts import Ending, Observation


class Session(Protocol):
    """Told of each episode while it is driven."""

    def prepare(self, number: int) -> bool:
        """Episode ``number`` is to start; False to stop instead. Raises DeviceError and StoreError."""

    def show(self, observation: Observation, engaged: bool) -> None:
        """One tick."""

    def ended(self, ending: Ending, rate_hz: float | None) -> None:
        """The episode is over; ``rate_hz`` is how often there was a tick, None if there was but one."""


class Unwatched:
    """A :class:`Session` in which nobody has to be asked, or told."""

    def prepare(self, number: int) -> bool:
        """Always ready."""
        return True

    def show(self, observation: Observation, engaged: bool) -> None:
        """Nobody looks."""

    def ended(self, ending: Ending, rate_hz: float | None) -> None:
        """Nobody asks."""
