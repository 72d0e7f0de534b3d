"""What the commands about chosen episodes of a store share: which ones, named by a part of their names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robolearn.episodes.store import EpisodeStore


def add_store(parser: argparse.ArgumentParser) -> None:
    """The store comes first."""
    parser.add_argument("store", type=Path, help="folder of the store")


def add_episodes(parser: argparse.ArgumentParser) -> None:
    """And the episodes last."""
    parser.add_argument("episodes", nargs="+", metavar="EPISODE", help="name, or a part of it that no other has")


def for_each(
    args: argparse.Namespace,
    names: Callable[[EpisodeStore], list[str]],
    act: Callable[[EpisodeStore, str], None],
) -> dict[str, Any]:
    """Do ``act`` for each episode that is meant among ``names``.

    Raises StoreError; for a name that is unknown, or means several, before anything is done."""
    from robolearn.episodes.curation import matching
    from robolearn.episodes.store import EpisodeStore

    store = EpisodeStore.open(args.store)
    chosen = list(dict.fromkeys(matching(part, names(store)) for part in args.episodes))
    for name in chosen:
        act(store, name)
    return {"store": store.path, "episodes": chosen}
