"""Both sides of a benchmark in one run: A B A B ..., the median of each figure, the ratios and their bars."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from robolearn.bars import Bar, outcome
from robolearn.bench.sides import Side, run_side
from robolearn.bench.table import Benchmark, Floor, Ratio
from robolearn.errors import BenchError

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """How long and how often each side measures."""

    rounds: int
    seconds: float
    threads: int


class Round(NamedTuple):
    """One measurement of each side, directly after each other."""

    ours: Side
    peer: Side


def our_words(benchmark: Benchmark) -> list[str]:
    """Command that measures our side."""
    return [sys.executable, "-m", "robolearn.bench", benchmark.name]


def run_rounds(ours: Sequence[str], peer: Sequence[str], plan: Plan, done: Callable[[str], None]) -> list[Round]:
    """Run the commands of both sides in turn; ``done`` hears of each that has ended. Raises BenchError."""
    rounds = []
    for number in range(1, plan.rounds + 1):
        mine = run_side(ours, plan.seconds, plan.threads)
        done(f"round {number}: robolearn measured")
        theirs = run_side(peer, plan.seconds, plan.threads)
        done(f"round {number}: peer measured")
        rounds.append(Round(mine, theirs))
    return rounds


def compare(benchmark: Benchmark, rounds: Sequence[Round], plan: Plan) -> dict[str, Any]:
    """Result of a benchmark as :func:`robolearn.bars.outcome`. Raises BenchError if a side lacks a figure."""
    ours = medians([entry.ours.figures for entry in rounds])
    peer = medians([entry.peer.figures for entry in rounds])
    ratios = {ratio.name: _ratio(ratio, ours, peer) for ratio in benchmark.ratios}
    bars = [
        Bar(ratio.name, ratios[ratio.name], ratio.bar, ratio.sense)
        for ratio in benchmark.ratios
        if ratio.bar is not None
    ]
    figures = {
        "benchmark": benchmark.name,
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "threads": plan.threads,
        "robolearn": ours,
        "peer": peer,
        "ratios": ratios,
    }
    return outcome(figures, [*bars, *(_floor(floor, ours) for floor in benchmark.floors)])


def medians(rounds: Sequence[Figures]) -> dict[str, float]:
    """Median of each figure over the rounds."""
    return {name: median(figures[name] for figures in rounds) for name in rounds[0]}


def _ratio(ratio: Ratio, ours: Figures, peer: Figures) -> float:
    return _figure("robolearn", ratio.ours, ours) / _figure("peer", ratio.peer, peer)


def _floor(floor: Floor, ours: Figures) -> Bar:
    return Bar(floor.figure, _figure("robolearn", floor.figure, ours), floor.bar, ">=")


def _figure(side: str, name: str, figures: Figures) -> float:
    if name not in figures:
        raise BenchError(f"{side} did not measure {name!r}; it measured {', '.join(sorted(figures))}")
    return figures[name]
