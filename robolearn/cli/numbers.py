"""Numbers on the command line that have bounds, as types of ``argparse``: a fault is told with the option's name."""

from __future__ import annotations

import argparse

MOST_PORT = 65_535
MOST_SEED = 2**31 - 1


def port(text: str) -> int:
    """A TCP port; 0 takes any that is free."""
    return _whole(text, "a port", MOST_PORT)


def seed(text: str) -> int:
    """What random draws start from."""
    return _whole(text, "a seed", MOST_SEED)


def _whole(text: str, what: str, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"{what} is a whole number from 0 to {most}, got {text!r}")
    return value
