"""The reward model of a run as a node: a verdict on what the cameras see, for whoever wants to know.

The actor judges by itself, with the same model, on the pictures that it acts on.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing

import numpy as np
import torch
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_msgs.msg import Header

from robolearn.autonomy.models import load_reward
from robolearn.contracts import Decision, Frame, Verdict, check_age
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.link import Link
from robolearn.nodes.messages import from_values
from robolearn.nodes.stamps import NS, Stamps
from robolearn.nodes.worker import Worker, job_of_node
from robolearn.nodes.world import RosWorld
from robolearn.rewards.classifier import SuccessClassifier
from robolearn.vision.encoder import Encoder
from robolearn.vision.tower import Tower

CLIENT = "reward_cameras"
RETRY_S = 1.0
PATIENCE_S = 10.0  # with nodes that are just being started
LEVELS = {
    Decision.SUCCESS: DiagnosticStatus.OK,
    Decision.FAILURE: DiagnosticStatus.WARN,
    Decision.ABSTAIN: DiagnosticStatus.STALE,
}


class RewardNode(TableNode):
    """Judges at its rate, while the cameras deliver."""

    def __init__(self) -> None:
        """Raises ConfigError and ModelError."""
        super().__init__("reward_node")
        self._job = job_of_node(self)
        torch.set_num_threads(1)
        tower = Tower.load(self._job.config.features.tower)
        self._model: SuccessClassifier = load_reward(self._job.run, tower)
        self._encoder = Encoder(tower, tuple(self._job.station.cameras), variants=1, seed=0)
        self._ending = threading.Event()
        self._verdicts = self.publisher(topics.VERDICT)
        self._judged = 0
        self._stamp_ns: int | None = None
        self._worker = Worker(self, self._work)

    def state(self) -> Mapping[str, object]:
        """How many verdicts it has given."""
        return {"verdicts": self._judged}

    def close(self) -> None:
        """Judge no more. Raises the error that judging has ended with, if it has."""
        self._ending.set()
        self._worker.join()

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                self._watch()
            except (BorderError, DeviceError) as fault:
                self.health.error(str(fault))
                self._ending.wait(RETRY_S)

    def _watch(self) -> None:
        """Judge until told to end. Raises BorderError and DeviceError for cameras that do not deliver."""
        with closing(Link(CLIENT, self.get_namespace(), PATIENCE_S)) as link:
            world = RosWorld(link, self._job.station.camera_specs(), topics.ARM)
            cameras = world.cameras
            for camera in cameras.values():
                camera.connect()
            while not self._ending.is_set():
                until_s = time.monotonic() + 1.0 / self.number("rate_hz")
                frames = {name: one.read() for name, one in cameras.items()}
                check_ages(frames, world.clock.now_ns(), self._job.station.max_reading_age_s)
                used = {name: self._job.station.cameras[name].used(one) for name, one in frames.items()}
                self._judge_new(used, link.stamps)
                self._ending.wait(max(0.0, until_s - time.monotonic()))

    def _judge_new(self, frames: Mapping[str, Frame], stamps: Stamps) -> None:
        """Judge pictures of which one at least is new."""
        stamp_ns = max(frame.stamp_ns for frame in frames.values())
        if stamp_ns != self._stamp_ns:
            self._stamp_ns = stamp_ns
            verdict = self._model.judge(self._encoder.encode(frames, np.zeros(0, np.float32)))
            self._publish(verdict, stamps.header(stamp_ns))
            self._judged += 1

    def _publish(self, verdict: Verdict, stamp: Time) -> None:
        decision = verdict.decision.name.lower()
        values = {"probability": verdict.probability, "decision": decision, "version": self._model.shape.version}
        status = from_values(self.health.name, LEVELS[verdict.decision], decision, values, self.health.name)
        header = Header(stamp=stamp)
        self._verdicts.publish(DiagnosticArray(header=header, status=[status]))


def check_ages(frames: Mapping[str, Frame], now_ns: int, most_s: float) -> None:
    """Raises BorderError for a camera that has fallen silent while others go on."""
    for name, frame in frames.items():
        check_age(f"camera {name}", frame.stamp_ns, now_ns, round(most_s * NS))


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(RewardNode)


if __name__ == "__main__":
    sys.exit(main())
