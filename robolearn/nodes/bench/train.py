"""A learner at work beside the measurement, as learner_node is: ``python -m robolearn.nodes.bench.train``.

It says how fast it is until it is told to end, and gives way to everything else."""

from __future__ import annotations

import sys

import torch

from robolearn.bench.learner import CONFIG, updates_per_s
from robolearn.bench.replay import filled_buffers
from robolearn.learning.config import load_learning
from robolearn.processes import give_way

BLOCK_S = 2.0


def main() -> None:
    """One line with the rate of each block."""
    give_way()
    config = load_learning(CONFIG)
    features, _ = filled_buffers()
    torch.set_num_threads(config.learner.threads)
    while True:
        rate = updates_per_s(features, config.residual, BLOCK_S)
        sys.stdout.write(f"{rate}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
