"""A learner at work beside the measurement, as learner_node is: ``python -m robolearn.nodes.bench.train``.

It says how fast it is until it is told to end."""

from __future__ import annotations

import sys

import torch

from robolearn.bench.learner import CONFIG, updates_per_s
from robolearn.bench.replay import filled_buffers
from robolearn.learning.config import load_learning
from robolearn.nodes.table import entry
from robolearn.processes import schedule

BLOCK_S = 2.0


def main() -> None:
    """One line with the rate of each block."""
    schedule(entry("learner_node").urgency)
    config = load_learning(CONFIG)
    features, _ = filled_buffers()
    torch.set_num_threads(config.learner.threads)
    while True:
        rate = updates_per_s(features, config.residual, BLOCK_S)
        sys.stdout.write(f"{rate}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
