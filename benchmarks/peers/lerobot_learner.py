"""Updates per second of lerobot's SAC learner: batch 256, two cameras at 128 x 128, its own image network.

Its learner's loop itself runs, unchanged: transitions come through the queue that its actor would fill,
and the logger that it is given counts the updates and asks it to stop.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path
from queue import Queue
from typing import Any

from common import CAMERA_KEYS, parse_arguments, report

BATCH = 256
CAPACITY = 1024
CHUNK = 64
SIDE = 128
STATE_DIM, ACTION_DIM = 18, 4
WARM_UP_UPDATES = 2
RATE_KEY = "Optimization frequency loop [Hz]"


class UpdateCounter:
    """Stands where the learner's experiment logger would: it hears of every update."""

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        self._seconds = seconds
        self._stop = stop
        self._stamps: list[float] = []
        self.losses: dict[str, float] = {}

    def log_dict(self, d: dict[str, Any], mode: str = "train", custom_step_key: str | None = None) -> None:
        """Called by the learner, once after every update with the rate of its loop."""
        self.losses.update({key: value for key, value in d.items() if key.startswith("loss")})
        if RATE_KEY not in d:
            return
        self._stamps.append(time.perf_counter())
        measured = len(self._stamps) - WARM_UP_UPDATES
        if measured >= 3 and self._stamps[-1] - self._stamps[WARM_UP_UPDATES - 1] >= self._seconds:
            self._stop.set()

    @property
    def updates(self) -> int:
        """Updates after warm-up."""
        return len(self._stamps) - WARM_UP_UPDATES

    @property
    def rate(self) -> float:
        """Updates per second after warm-up, over wall time."""
        return self.updates / (self._stamps[-1] - self._stamps[WARM_UP_UPDATES - 1])


def make_config(folder: Path) -> Any:
    """Configuration of lerobot's learner: its defaults, but for shapes, batch and buffer size."""
    from lerobot.configs.train import TrainRLServerPipelineConfig
    from lerobot.configs.types import FeatureType, PolicyFeature
    from lerobot.envs.configs import HILSerlRobotEnvConfig
    from lerobot.policies.sac.configuration_sac import SACConfig

    features = {key: PolicyFeature(FeatureType.VISUAL, (SIDE, SIDE, 3)) for key in CAMERA_KEYS}
    features["observation.state"] = PolicyFeature(FeatureType.STATE, (STATE_DIM,))
    features["action"] = PolicyFeature(FeatureType.ACTION, (ACTION_DIM,))
    env = HILSerlRobotEnvConfig(task="bench", fps=10, features=features, features_map={key: key for key in features})
    policy = SACConfig(device="cpu", online_buffer_capacity=CAPACITY, online_step_before_learning=CAPACITY)
    return TrainRLServerPipelineConfig(
        env=env, policy=policy, batch_size=BATCH, output_dir=folder, save_checkpoint=False, log_freq=1
    )


def make_transitions() -> Queue[bytes]:
    """The queue from the actor, with as many transitions as the buffer holds."""
    import torch
    from lerobot.transport.utils import transitions_to_bytes

    def observation() -> dict[str, torch.Tensor]:
        images = {key: torch.rand(1, 3, SIDE, SIDE) for key in CAMERA_KEYS}
        return {**images, "observation.state": torch.rand(1, STATE_DIM)}

    chunk = [
        {
            "state": observation(),
            "action": torch.rand(1, ACTION_DIM) * 2 - 1,
            "reward": float(index % 10 == 9),
            "next_state": observation(),
            "done": index % 10 == 9,
            "truncated": False,
            "complementary_info": None,
        }
        for index in range(CHUNK)
    ]
    message = transitions_to_bytes(chunk)
    transitions: Queue[bytes] = Queue()
    for _ in range(CAPACITY // CHUNK):
        transitions.put(message)
    return transitions


def measure(arguments: argparse.Namespace) -> UpdateCounter:
    """Run lerobot's learner until enough updates are counted."""
    import torch
    from lerobot.rl.learner import add_actor_information_and_train

    torch.set_num_threads(arguments.threads)
    stop = threading.Event()
    counter = UpdateCounter(arguments.seconds, stop)
    with tempfile.TemporaryDirectory() as folder:
        add_actor_information_and_train(
            cfg=make_config(Path(folder)),
            wandb_logger=counter,
            shutdown_event=stop,
            transition_queue=make_transitions(),
            interaction_message_queue=Queue(),
            parameters_queue=Queue(),
        )
    return counter


def main() -> None:
    """Measure and report."""
    arguments = parse_arguments(__doc__ or "")
    counter = measure(arguments)
    settings = {
        "batch": BATCH,
        "cameras": len(CAMERA_KEYS),
        "side": SIDE,
        "state": STATE_DIM,
        "action": ACTION_DIM,
        "policy": "SACConfig defaults: own small image network, frozen; 2 critics; one critic, actor and "
        "temperature step an update; critics compiled",
        "updates_measured": counter.updates,
        "threads": arguments.threads,
        **counter.losses,
    }
    report({"updates_per_s": counter.rate}, settings, ("lerobot", "torch"))


if __name__ == "__main__":
    main()
