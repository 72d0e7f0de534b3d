"""``robolearn episodes list``: one line for each episode of a store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from robolearn.cli.output import as_line
from robolearn.errors import StoreError

if TYPE_CHECKING:
    from robolearn.episodes.store import EpisodeStore

OK = 0
NS = 1_000_000_000
PLAIN_WIDTH = 160  # where the table does not go to a terminal
JUDGED = {True: "success", False: "failure", None: ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which store, and which of its episodes."""
    parser.add_argument("store", type=Path, help="folder of the store")
    parser.add_argument("--kind", choices=("demo", "practice", "eval"), help="only these (all)")


def run(args: argparse.Namespace) -> int:
    """Show them, oldest first. Raises StoreError if there is no store."""
    from robolearn.episodes.curation import aside
    from robolearn.episodes.store import EpisodeStore

    store = EpisodeStore.open(args.store)
    lines = [line for line in _lines(store) if args.kind in (None, line["kind"])]
    dropped = aside(store)
    if args.json:
        print(as_line({"store": store.path, "episodes": lines, "dropped": dropped}))
    else:
        _show(lines, dropped)
    return OK


def _lines(store: EpisodeStore) -> Iterator[dict[str, Any]]:
    for name in store.ids():
        try:
            yield _line(store, name)
        except StoreError:
            yield {"id": name, "kind": None, "ending": "damaged: see robolearn episodes check"}


def _line(store: EpisodeStore, name: str) -> dict[str, Any]:
    """Raises StoreError for an episode that is damaged."""
    from robolearn.episodes.schema import Source

    episode = store.episode(name)
    columns = episode.columns(features=False)
    stamps, helped = columns.stamp_ns, columns.source == Source.INTERVENTION
    return {
        "id": episode.id,
        "kind": episode.kind.value,
        "rows": episode.rows,
        "seconds": float(stamps[-1] - stamps[0]) / NS if len(stamps) else 0.0,
        "ending": "being written" if episode.ending is None else episode.ending.value,
        "label": episode.record.label,
        "intervention_rows": int(helped.sum()),
        "recovered": episode.record.recovered,
    }


def _show(lines: list[dict[str, Any]], dropped: list[str]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("episode", no_wrap=True)
    for title in ("rows", "seconds", "helped"):
        table.add_column(title, justify="right")
    for title in ("ending", "a person's label"):
        table.add_column(title)
    for line in lines:
        table.add_row(*_cells(line))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    console.print(table)
    console.print(f"{len(lines)} episodes" + (f"; dropped: {', '.join(dropped)}" if dropped else ""))


def _cells(line: Mapping[str, Any]) -> list[str]:
    if line["kind"] is None:
        return [line["id"], "", "", "", line["ending"], ""]
    ending = line["ending"] + (", its writer was killed" if line["recovered"] else "")
    figures = [str(line["rows"]), f"{line['seconds']:.1f}", str(line["intervention_rows"] or "")]
    return [line["id"], *figures, ending, JUDGED[line["label"]]]
