"""``python -m robolearn.learning RUN_DIR``: the learner as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from robolearn.episodes import EpisodeStore
from robolearn.errors import RobolearnError, StoreError
from robolearn.learning.agent import ResidualAgent
from robolearn.learning.config import LearningConfig, load_learning
from robolearn.learning.imitation import Imitation
from robolearn.learning.learner import Learner
from robolearn.learning.run_folder import RunFolder
from robolearn.learning.shapes import residual_shape
from robolearn.policies.chunk import ChunkPolicy
from robolearn.processes import Urgency, schedule

OK, BAD_INPUT = 0, 2


def make_learner(run: RunFolder, config: LearningConfig, seed: int) -> Learner:
    """The learner of a run. Raises StoreError and ModelError for what is missing or damaged."""
    store = EpisodeStore.open(run.store)
    base = ChunkPolicy.load(run.base)
    if store.schema.features is None or store.schema.features.tower != base.shape.tower:
        raise StoreError(
            f"{run.store} holds features of another image tower than the base policy in {run.base} was trained on. "
            "Train the base policy anew: robolearn train base"
        )
    agent = ResidualAgent(residual_shape(base.shape, config.residual), base, config.residual, seed)
    imitation = Imitation(agent, config.cloning, config.imitation, seed)
    return Learner(run, store, base, agent, imitation, config.learner, config.residual, seed)


def serve(run: RunFolder, config: LearningConfig, seed: int, parent: int | None = None) -> None:
    """Learn until SIGTERM or SIGINT, or until the process ``parent`` is gone. Raises RobolearnError and OSError."""
    torch.set_num_threads(config.learner.threads)
    stop = _until_told(parent)
    with run.alone("learner"):
        make_learner(run, config, seed).run(stop)


def _until_told(parent: int | None) -> Callable[[], bool]:
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: told.append(received))
    return lambda: bool(told) or (parent is not None and os.getppid() != parent)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 after a clean end, 2 for bad input, told on stderr."""
    parser = argparse.ArgumentParser(prog="python -m robolearn.learning", description="Learn from the store of a run.")
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--config", default="residual", help="name or path of a learning configuration")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parent", type=int, help="end when this process, the starter, is gone")
    parser.add_argument("--give-way", action="store_true", help="to what moves a real arm on the same machine")
    args = parser.parse_args(argv)
    if args.give_way:
        schedule(Urgency.IDLE)
    try:
        serve(RunFolder(args.run), load_learning(args.config), args.seed, args.parent)
    except (RobolearnError, OSError) as error:
        sys.stderr.write(f"learner: {error}\n")
        return BAD_INPUT
    return OK


if __name__ == "__main__":
    sys.exit(main())
