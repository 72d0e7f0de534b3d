"""Progress of long work and the time that is left, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress

from robolearn.errors import unknown

LINE_EVERY_S = 15.0
TRUSTED_SHARE = 0.1  # of a stage: from here on its own rate alone says how long it takes


@dataclass
class Estimate:
    """Time left over all stages.

    ``expected_s`` is what each stage is expected to take, in order, from an earlier run or a guess. How the
    stages measured so far compare with it scales the expectation of those to come.
    """

    expected_s: Mapping[str, float]
    taken_s: dict[str, float] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def left_s(self, stage: str, elapsed_s: float, share: float) -> float:
        """Seconds left when ``share`` (0 .. 1) of ``stage`` took ``elapsed_s``."""
        here = self._left_here_s(stage, elapsed_s, share)
        measured = {**self.taken_s, stage: elapsed_s + here}
        done = self.skipped | measured.keys()
        later = sum(seconds for name, seconds in self.expected_s.items() if name not in done)
        return here + later * self._pace(measured)

    def _left_here_s(self, stage: str, elapsed_s: float, share: float) -> float:
        by_expectation = (1 - share) * self.expected_s[stage] * self._pace(self.taken_s)
        if share <= 0:
            return by_expectation
        by_rate = elapsed_s * (1 - share) / share
        trust = min(1.0, share / TRUSTED_SHARE)
        return trust * by_rate + (1 - trust) * by_expectation

    def _pace(self, measured: Mapping[str, float]) -> float:
        """Measured over expected time; 1 while nothing is measured."""
        expected = sum(self.expected_s[name] for name in measured)
        return sum(measured.values()) / expected if expected > 0 else 1.0


class View(Protocol):
    """Shows progress to a person."""

    def show(self, title: str, share: float, left_s: float, note: str, final: bool) -> None:
        """The newest state; ``final`` if the stage ends with it."""

    def close(self) -> None:
        """Nothing more comes."""


class Stage:
    """One stage at work; made by :meth:`Progress.stage`."""

    def __init__(self, total: int, report: Callable[[float, str, bool], None]) -> None:
        self._total = total
        self._report = report
        self.done = 0
        self.note = ""

    def advance(self, count: int = 1, note: str = "") -> None:
        """``count`` more of the total are done; ``note`` is shown beside the bar."""
        self.update(self.done + count, note)

    def update(self, done: int, note: str = "") -> None:
        """``done`` of the total are done."""
        self.done, self.note = done, note
        self._report(min(done / self._total, 1.0) if self._total else 1.0, note, False)


class Progress:
    """Progress over stages that follow each other; a context manager.

    >>> with Progress({"record": 20.0, "practise": 300.0}, plain=True) as progress:
    ...     with progress.stage("record", total=2) as stage:
    ...         stage.advance(note="first episode")
    """

    def __init__(
        self,
        expected_s: Mapping[str, float],
        *,
        plain: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stream = stream or sys.stderr
        self._estimate = Estimate(dict(expected_s))
        self._clock = clock
        self._view: View = Lines(stream, clock) if plain or not stream.isatty() else TerminalBar(stream)

    @property
    def taken_s(self) -> dict[str, float]:
        """Seconds of each finished stage: the ``expected_s`` of the next run."""
        return dict(self._estimate.taken_s)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._view.close()

    def skip(self, name: str) -> None:
        """The stage was done in an earlier run."""
        self._estimate.skipped.add(name)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Stage]:
        """Work on the stage ``name``, which counts to ``total``. Raises KeyError if it was not announced."""
        names = list(self._estimate.expected_s)
        if name not in names:
            raise KeyError(unknown("stage", name, names))
        title = f"{name} ({names.index(name) + 1}/{len(names)})" if len(names) > 1 else name
        start_s = self._clock()

        def report(share: float, note: str, final: bool) -> None:
            left_s = self._estimate.left_s(name, self._clock() - start_s, share)
            self._view.show(title, share, left_s, note, final)

        report(0.0, "", False)
        stage = Stage(total, report)
        yield stage
        report(1.0, stage.note, True)
        self._estimate.taken_s[name] = self._clock() - start_s


class Lines:
    """A plain line at the start and end of a stage, and every few seconds between."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._title = ""
        self._shown_s = 0.0

    def show(self, title: str, share: float, left_s: float, note: str, final: bool) -> None:
        now_s = self._clock()
        if title == self._title and not final and now_s - self._shown_s < LINE_EVERY_S:
            return
        self._title, self._shown_s = title, now_s
        tail = f", {note}" if note else ""
        self._stream.write(f"{title}: {share:.0%}, {duration(left_s)} left{tail}\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class TerminalBar:
    """One bar for each stage on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[left]} left"),
            TextColumn("{task.fields[note]}"),
        )
        self._bar = RichProgress(*columns, console=Console(file=stream), refresh_per_second=4)
        self._bar.start()
        self._title = ""

    def show(self, title: str, share: float, left_s: float, note: str, final: bool) -> None:
        if title != self._title:
            self._title = title
            self._task = self._bar.add_task(title, total=1.0, left="", note="")
        self._bar.update(self._task, completed=share, left=duration(left_s), note=note)

    def close(self) -> None:
        self._bar.stop()


def duration(seconds: float) -> str:
    """A time for people, as coarse as it is sure: "8 s", "3 min 20 s", "1 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
