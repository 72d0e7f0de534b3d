"""What is compared with what, and the bars."""

from __future__ import annotations

from dataclasses import dataclass

from robolearn.bars import Sense
from robolearn.errors import ConfigError, unknown


@dataclass(frozen=True)
class Ratio:
    """Our figure over the peer's, measured in the same run; without a bar it is only reported."""

    name: str
    ours: str
    peer: str
    bar: float | None = None
    sense: Sense = ">="


@dataclass(frozen=True)
class Floor:
    """A figure of our side alone that must reach ``bar``."""

    figure: str
    bar: float


@dataclass(frozen=True)
class Benchmark:
    """One comparison: our module has ``measure(seconds) -> dict[str, float]``, the peer a script."""

    name: str
    ours: str
    peer_script: str
    ratios: tuple[Ratio, ...]
    floors: tuple[Floor, ...] = ()


TABLE = (
    Benchmark(
        "twin",
        "robolearn.bench.twin",
        "gym_hil_twin.py",
        (Ratio("steps_vs_gym_hil", "steps_per_s", "steps_per_s", 100.0),),
        (Floor("share_of_bare_step_and_render", 0.70),),
    ),
    Benchmark(
        "replay",
        "robolearn.bench.replay",
        "lerobot_replay.py",
        (
            Ratio("sampling_vs_lerobot_cached_features", "batches_per_s", "batches_per_s", 200.0),
            Ratio("sampling_vs_lerobot_pixels", "pixel_batches_per_s", "batches_per_s"),
            Ratio(
                "bytes_vs_lerobot_cached_features",
                "bytes_per_transition",
                "bytes_per_transition",
                1 / 12,
                "<=",
            ),
            Ratio("bytes_vs_lerobot_pixels", "pixel_bytes_per_transition", "bytes_per_transition"),
        ),
    ),
    Benchmark(
        "store",
        "robolearn.bench.store",
        "lerobot_store.py",
        (
            Ratio("recording_vs_lerobot", "rows_per_s", "rows_per_s", 10.0),
            Ratio("random_read_vs_lerobot", "reads_per_s", "reads_per_s", 10.0),
            Ratio("size_vs_lerobot", "bytes_per_row", "bytes_per_row"),
        ),
    ),
    Benchmark(
        "learner",
        "robolearn.bench.learner",
        "lerobot_learner.py",
        (
            Ratio("updates_vs_lerobot_cached_features", "updates_per_s", "updates_per_s", 100.0),
            Ratio("updates_vs_lerobot_pixels", "pixel_updates_per_s", "updates_per_s"),
        ),
    ),
)
BENCHMARKS = {benchmark.name: benchmark for benchmark in TABLE}


def find(name: str) -> Benchmark:
    """Benchmark by name. Raises ConfigError, listing the valid names."""
    if name not in BENCHMARKS:
        raise ConfigError(unknown("benchmark", name, BENCHMARKS))
    return BENCHMARKS[name]
