"""Sampling rate and memory of lerobot's ReplayBuffer: batch 256, two cameras at 128 x 128, random shift."""

from __future__ import annotations

from common import CAMERA_KEYS, calls_per_second, parse_arguments, report

BATCH = 256
CAPACITY = 1024
SIDE = 128
STATE_DIM, ACTION_DIM = 18, 4


def main() -> None:
    """Fill a buffer that is configured as by the learner (next state shared, shift compiled), then sample."""
    arguments = parse_arguments(__doc__ or "")

    import torch
    from lerobot.rl.buffer import ReplayBuffer

    torch.set_num_threads(arguments.threads)
    buffer = ReplayBuffer(
        capacity=CAPACITY,
        device="cpu",
        state_keys=[*CAMERA_KEYS, "observation.state"],
        storage_device="cpu",
        optimize_memory=True,
    )
    state = {key: torch.rand(1, 3, SIDE, SIDE) for key in CAMERA_KEYS}
    state["observation.state"] = torch.rand(1, STATE_DIM)
    for _ in range(CAPACITY):
        buffer.add(state, torch.rand(1, ACTION_DIM), 0.0, state, done=False, truncated=False)
    rate = calls_per_second(lambda: buffer.sample(BATCH), arguments.seconds, warm_up=2)

    columns = [*buffer.states.values(), buffer.actions, buffer.rewards, buffer.dones, buffer.truncateds]
    size = sum(column.nbytes for column in columns) / CAPACITY
    settings = {
        "batch": BATCH,
        "capacity": CAPACITY,
        "cameras": len(CAMERA_KEYS),
        "side": SIDE,
        "optimize_memory": True,
        "use_drq": True,
        "threads": arguments.threads,
    }
    report({"batches_per_s": rate, "bytes_per_transition": size}, settings, ("lerobot", "torch"))


if __name__ == "__main__":
    main()
