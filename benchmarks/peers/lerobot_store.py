"""Recording and random reading of a lerobot dataset: two cameras at 640 x 480 and joint state, 30 Hz."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from common import CAMERA_KEYS, calls_per_second, parse_arguments, report

HEIGHT, WIDTH, FPS = 480, 640, 30
STATE_DIM, ACTION_DIM = 6, 7
WRITER_THREADS_PER_CAMERA = 4  # what `lerobot-record` uses
DISTINCT_ROWS = 60


def make_features() -> dict[str, dict[str, Any]]:
    """Columns of the dataset."""
    video = {"dtype": "video", "shape": (HEIGHT, WIDTH, 3), "names": ["height", "width", "channels"]}
    return {
        **{key: dict(video) for key in CAMERA_KEYS},
        "observation.state": {"dtype": "float32", "shape": (STATE_DIM,), "names": None},
        "action": {"dtype": "float32", "shape": (ACTION_DIM,), "names": None},
    }


def record(root: Path, rows: int) -> float:
    """Record one episode of ``rows`` rows, video encoding included. Returns the time taken [s]."""
    import numpy as np
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    from robolearn.bench.frames import camera_frames

    cameras = [camera_frames(DISTINCT_ROWS, HEIGHT, WIDTH, seed) for seed in range(len(CAMERA_KEYS))]
    dataset = LeRobotDataset.create(
        "local/bench",
        fps=FPS,
        features=make_features(),
        root=root,
        image_writer_threads=WRITER_THREADS_PER_CAMERA * len(CAMERA_KEYS),
    )
    start = time.perf_counter()
    for row in range(rows):
        shown = row % DISTINCT_ROWS
        frame = {key: camera[shown] for key, camera in zip(CAMERA_KEYS, cameras, strict=True)}
        frame["observation.state"] = np.full(STATE_DIM, row, np.float32)
        frame["action"] = np.zeros(ACTION_DIM, np.float32)
        dataset.add_frame({**frame, "task": "bench"})
    dataset.save_episode()
    dataset.finalize()
    return time.perf_counter() - start


def read_rate(root: Path, seconds: float) -> float:
    """Rows with their pair of frames read in random order, per second."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("local/bench", root=root, video_backend="pyav")
    rng = random.Random(0)
    return calls_per_second(lambda: dataset[rng.randrange(len(dataset))], seconds, warm_up=3)


def main() -> None:
    """Record an episode that lasts ``--seconds`` at 30 Hz, then read from it for as long."""
    arguments = parse_arguments(__doc__ or "")

    import torch

    torch.set_num_threads(arguments.threads)
    rows = max(FPS, round(FPS * arguments.seconds))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "dataset"
        record_s = record(root, rows)
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        reads = read_rate(root, arguments.seconds)
    settings = {
        "rows": rows,
        "cameras": len(CAMERA_KEYS),
        "height": HEIGHT,
        "width": WIDTH,
        "codec": "libsvtav1, crf 30 (default)",
        "decoder": "pyav",
        "writer_threads": WRITER_THREADS_PER_CAMERA * len(CAMERA_KEYS),
        "threads": arguments.threads,
    }
    figures = {"rows_per_s": rows / record_s, "reads_per_s": reads, "bytes_per_row": size / rows}
    report(figures, settings, ("lerobot", "av", "torch"))


if __name__ == "__main__":
    main()
