"""The learner of a run as a node: it tails the store, and publishes weights into the run's folder."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict

import torch
from std_msgs.msg import Int64

from robolearn.learning.__main__ import make_learner
from robolearn.learning.progress_file import read_progress
from robolearn.learning.weights import NO_VERSION
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.worker import Worker, job_of_node

LOOK_S = 0.2  # between two looks at how far it is


class LearnerNode(TableNode):
    """Learns until it is told to end, and then leaves a checkpoint."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("learner_node")
        self._job = job_of_node(self)
        self._ending = threading.Event()
        self._versions = self.publisher(topics.WEIGHTS_VERSION)
        self._told = NO_VERSION
        torch.set_num_threads(self._job.config.learner.threads)
        self._worker = Worker(self, self._learn)
        self.every(LOOK_S, self._tell)

    def state(self) -> Mapping[str, object]:
        """How far it is."""
        progress = read_progress(self._job.run.progress)
        return {} if progress is None else asdict(progress)

    def close(self) -> None:
        """Have the checkpoint written. Raises StoreError and ModelError if it could not be."""
        self._ending.set()
        self._worker.join()

    def _learn(self) -> None:
        with self._job.run.alone("learner"):
            make_learner(self._job.run, self._job.config, self._job.seed).run(self._ending.is_set)

    def _tell(self) -> None:
        progress = read_progress(self._job.run.progress)
        if progress is not None and progress.version != self._told:
            self._told = progress.version
            self._versions.publish(Int64(data=self._told))


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(LearnerNode)


if __name__ == "__main__":
    sys.exit(main())
