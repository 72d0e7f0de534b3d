"""Raises actors and learners for the crash tests: for each line on stdin, forks one of each for every run.

The runs are folders under ``sys.argv[1]``. A child ends when it is killed, told to by SIGTERM, or its work is done.
Every birth is reported on stdout: "born <role> <run> <pid>".
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from robolearn.autonomy.pace import Pace
from robolearn.autonomy.practice import Practice
from robolearn.episodes import EpisodeStore, ReplayBuffer
from robolearn.learning.__main__ import serve
from robolearn.learning.config import LearningConfig, load_learning
from robolearn.learning.metrics import MetricsLog
from robolearn.learning.run_folder import RunFolder
from tests.autonomy.rig import make_actor, open_reach

ROLES = ("actor", "learner")


def act(run: RunFolder, config: LearningConfig) -> None:
    """Practise, in step with the learner."""
    cell, _ = open_reach()
    settings = config.practice
    actor = make_actor(cell, run, settings, config)
    pace = Pace(run.progress, config.learner.ratio, settings.lead_steps, 60.0, lambda _: None, lambda: None)
    actor.wait = pace.wait
    with run.alone("actor"):
        Practice(actor, settings, MetricsLog(run.metrics), lambda: None, lambda _: None).run()


def warm_up(run: RunFolder, config: LearningConfig) -> None:
    """Compile what is compiled at first use, once for all children."""
    store = EpisodeStore.open(run.store)
    buffer = ReplayBuffer(store.schema, residual=False)
    for news in store.tail()[0]:
        buffer.add(news)
    residual = config.residual
    buffer.sample(buffer.batch(4), residual.n_step, residual.discount, np.random.default_rng(0), residual.prior_share)


def main() -> None:
    """Fork on every line."""
    torch.set_num_threads(1)
    folders = sorted(Path(sys.argv[1]).iterdir())
    configs = {folder: load_learning(str(folder / "learning.yaml")) for folder in folders}
    warm_up(RunFolder(folders[0]), configs[folders[0]])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        for folder in folders:
            for role in ROLES:
                bear(role, RunFolder(folder), configs[folder])


def bear(role: str, run: RunFolder, config: LearningConfig) -> None:
    """Fork one child."""
    if os.fork():
        return
    os.write(1, f"born {role} {run.path.name} {os.getpid()}\n".encode())
    if role == "actor":
        act(run, config)
    else:
        serve(run, config, seed=0)
    os._exit(0)


if __name__ == "__main__":
    main()
