"""Who may command an arm, when several want to: one at a time, and a person before all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robolearn.errors import BorderError

NS = 1_000_000_000


class Commander(NamedTuple):
    """Where commands come from: the source they call themselves, and what tells two processes apart that share it."""

    source: str
    publisher: bytes


class Commanders:
    """The one whose commands pass. It is replaced when it has been silent, or by a source that prevails over it."""

    def __init__(self, sources: Sequence[str], silence_s: float) -> None:
        """``sources`` come with the prevailing one first; after ``silence_s`` a commander has let go."""
        self._rank = {source: rank for rank, source in enumerate(sources)}
        self._silence_ns = round(silence_s * NS)
        self._present: Commander | None = None
        self._last_ns = 0
        self._told_silent = True

    @property
    def present(self) -> str:
        """The source that commands, or commanded last; empty if none has yet."""
        return "" if self._present is None else self._present.source

    def check(self, who: Commander, now_ns: int) -> bool:
        """True if ``who`` has not been the one so far.

        Raises BorderError while somebody else commands whom ``who`` does not prevail over."""
        other = self._present
        if other is None or other == who or self._rank[who.source] < self._rank[other.source]:
            return other != who
        silent_ns = now_ns - self._last_ns
        if silent_ns <= self._silence_ns:
            whom = f"another {other.source!r}" if other.source == who.source else f"{other.source!r}"
            raise BorderError(
                f"two commanders at once: {whom} commands the arm, and has been silent for {silent_ns / 1e6:.0f} ms of "
                f"the {self._silence_ns / 1e6:.0f} ms after which {who.source!r} may"
            )
        return True

    def passed(self, who: Commander, now_ns: int) -> None:
        """A command of ``who`` has passed."""
        self._present, self._last_ns, self._told_silent = who, now_ns, False

    def fell_silent(self, now_ns: int) -> str:
        """The source that has let go without a word, told once for each time; otherwise empty."""
        if self._told_silent or now_ns - self._last_ns <= self._silence_ns:
            return ""
        self._told_silent = True
        return self.present

    def release(self) -> None:
        """Nobody commands."""
        self._present, self._told_silent = None, True
