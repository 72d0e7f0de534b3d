"""Recording and random reading of the episode store: two cameras at 640 x 480 and the state of a small arm.

Recording runs from the begin of an episode to its end, with everything committed; as for the peer, the files
may still be in the memory of the kernel. A read is one row's pair of pictures, decompressed, in random order,
each camera in a thread.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from robolearn.bench.episodes import CAMERAS, bench_info, bench_rows, bench_schema
from robolearn.bench.rate import calls_per_second
from robolearn.contracts import Ending
from robolearn.episodes import EpisodeKind, EpisodeStore, Row, Source

HEIGHT, WIDTH = 480, 640
EPISODE_ROWS = 300


def measure(seconds: float) -> dict[str, float]:
    """Rows recorded and pairs read per second, each over ``seconds`` [s], and bytes on disk a row."""
    schema = bench_schema(HEIGHT, WIDTH, features=False)
    rows = list(bench_rows(schema, EPISODE_ROWS, Source.POLICY))
    with tempfile.TemporaryDirectory() as folder:
        store = EpisodeStore.create(Path(folder) / "store", schema)
        rate = _record(store, rows, seconds)
        size = sum(path.stat().st_size for path in store.path.rglob("*") if path.is_file())
        reads = _read(store, seconds)
    return {"rows_per_s": rate, "reads_per_s": reads, "bytes_per_row": size / EPISODE_ROWS}


def _record(store: EpisodeStore, rows: list[Row], seconds: float) -> float:
    """Record episodes for ``seconds``, all but the last of them thrown away; rows per second."""
    took_s, count = 0.0, 0
    while took_s < seconds:
        for name in store.ids():
            shutil.rmtree(store.path / "episodes" / name)
        start = time.perf_counter()
        with store.begin(bench_info(EpisodeKind.PRACTICE)) as writer:
            for row in rows:
                writer.append(row)
            writer.end(Ending.TIMEOUT)
        took_s += time.perf_counter() - start
        count += len(rows)
    return count / took_s


def _read(store: EpisodeStore, seconds: float) -> float:
    (episode,) = store.episodes()
    rng = np.random.default_rng(0)
    pair = [np.empty((1, HEIGHT, WIDTH, 3), np.uint8) for _ in CAMERAS]
    with ThreadPoolExecutor(len(CAMERAS)) as pool:

        def read() -> None:
            rows = [[int(rng.integers(episode.rows))]] * len(CAMERAS)
            list(pool.map(episode.pictures, CAMERAS, rows, pair))

        return calls_per_second(read, seconds)
