"""The table of commands: one line each. A command's module is imported only when it is asked for.

The module has ``add_arguments(parser)`` and ``run(args)``. What ``run`` returns is either an exit status, or
the figures of :func:`robolearn.bars.outcome`, whose bars decide the exit status.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives, and what it does in one line."""

    module: str
    summary: str


COMMANDS: dict[str, Command] = {
    "bench": Command("robolearn.cli.bench", "measure twin, replay, store or learner beside its peer"),
    "episodes check": Command(
        "robolearn.cli.episodes_check", "read all that a store holds, and name what is damaged"
    ),
}
