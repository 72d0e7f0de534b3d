"""``robolearn bench twin | replay | store | learner``: side by side with the peers, in one run."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from robolearn import atomic
from robolearn.bench import compare, machine, peers, table
from robolearn.errors import ConfigError
from robolearn.progress import Progress

START_UP_S = 25.0  # a side's own start, for the first estimate of the time left


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which benchmark, how long, and where to keep the raw result."""
    parser.add_argument("benchmark", metavar="|".join(table.BENCHMARKS), help="what to compare")
    parser.add_argument("--seconds", type=float, default=10.0, help="each side measures this long a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of both sides; the median counts")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="limit for either side")
    parser.add_argument("--peers", type=Path, default=peers.ENVIRONMENT, help="where 'make bench-peers' installed them")
    parser.add_argument("--save", type=Path, metavar="FILE.json", help="keep every round, machine and versions")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure both sides in turn and return figures, ratios and bars."""
    benchmark = table.find(args.benchmark)
    if not (args.seconds > 0 and args.rounds >= 1 and args.threads >= 1):
        raise ConfigError("--seconds must be above 0, --rounds and --threads at least 1")
    plan = compare.Plan(args.rounds, args.seconds, args.threads)
    peer = peers.peer_words(benchmark.peer_script, args.peers)
    expected_s = {benchmark.name: 2 * plan.rounds * (START_UP_S + plan.seconds)}
    with Progress(expected_s) as progress, progress.stage(benchmark.name, total=2 * plan.rounds) as stage:
        ours = compare.our_words(benchmark)
        rounds = compare.run_rounds(ours, peer, plan, lambda note: stage.advance(note=note))
    result = compare.compare(benchmark, rounds, plan)
    if args.save is not None:
        atomic.write_json(args.save, machine.raw_result(benchmark.name, plan, result, rounds))
    return result
