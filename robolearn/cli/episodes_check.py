"""``robolearn episodes check``: reads all that a store holds, and names every episode that is damaged."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from robolearn.bars import Bar, outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("store", type=Path, help="folder of the store")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Counts of episodes and rows, and what is wrong with each damaged one. Raises StoreError."""
    from robolearn.episodes.check import check_store

    reports = check_store(args.store)
    endings = Counter(report.ending.value if report.ending else "open" for report in reports)
    damaged = {report.id: list(report.problems) for report in reports if report.problems}
    figures = {
        "episodes": len(reports),
        "rows": sum(report.rows for report in reports),
        "endings": dict(endings),
        "recovered": sum(report.recovered for report in reports),
        "damaged": damaged,
    }
    return outcome(figures, [Bar("damaged_episodes", len(damaged), 0, "<=")])
