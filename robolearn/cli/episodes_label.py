"""``robolearn episodes label``: have demonstrations count as successes, as failures, or not at all."""

from __future__ import annotations

import argparse
from typing import Any

from robolearn.cli.episodes_curate import add_episodes, add_store, for_each

LABELS = {"success": True, "failure": False, "none": None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which demonstrations, and what they are from now on."""
    add_store(parser)
    parser.add_argument("label", choices=LABELS, help="none: nothing learns from it")
    add_episodes(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Judge them. Raises StoreError."""
    from robolearn.episodes.curation import judge
    from robolearn.episodes.store import EpisodeStore

    done = for_each(args, EpisodeStore.ids, lambda store, name: judge(store, name, LABELS[args.label]))
    return {**done, "label": args.label}
