"""``robolearn episodes restore``: take back what was dropped."""

from __future__ import annotations

import argparse
from typing import Any

from robolearn.cli.episodes_curate import add_episodes, add_store, for_each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which episodes."""
    add_store(parser)
    add_episodes(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Put them back. Raises StoreError."""
    from robolearn.episodes.curation import aside, take_back

    return for_each(args, aside, take_back)
