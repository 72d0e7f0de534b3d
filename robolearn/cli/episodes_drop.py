"""``robolearn episodes drop``: leave episodes out of a store, until they are restored."""

from __future__ import annotations

import argparse
from typing import Any

from robolearn.cli.episodes_curate import add_episodes, add_store, for_each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which episodes."""
    add_store(parser)
    add_episodes(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Set them aside in the store's folder. Raises StoreError."""
    from robolearn.episodes.curation import set_aside
    from robolearn.episodes.store import EpisodeStore

    return for_each(args, EpisodeStore.ids, set_aside)
