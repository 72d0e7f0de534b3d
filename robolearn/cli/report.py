"""``robolearn report``: the page of a run as it stands, on any station, whichever stages have been done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from robolearn.cli.main import OK
from robolearn.report import load_run, summarize, terminal_table, write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    parser.add_argument("run", type=Path, help="folder of the run")


def run(args: argparse.Namespace) -> dict[str, Any] | int:
    """Write the page, and show its figures. Bars are those of ``robolearn demo``: here there are none.

    Raises StoreError for a folder that holds no run, BorderError for values that cannot be."""
    page, summary = write_report(args.run, []), summarize(load_run(args.run), [])
    if args.json:
        return {**summary.figures(), "report": page}
    console = Console()
    console.print(terminal_table(summary))
    console.print(f"report: {page}")
    return OK
