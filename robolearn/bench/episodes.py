"""Episodes like those of a small arm with two cameras, for the benchmarks of store and replay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from robolearn import __version__
from robolearn.bench.frames import camera_frames
from robolearn.contracts import Decision, Verdict
from robolearn.episodes import EpisodeInfo, EpisodeKind, FeatureSchema, Row, Source, Step, StoreSchema

CAMERAS = ("front", "wrist")
STATE_DIM, ACTION_NAMES = 18, ("dx", "dy", "dz", "gripper")
JOINT_NAMES = ("pan", "lift", "elbow", "wrist_flex", "wrist_roll")
VARIANTS, FEATURE_DIM = 4, 256
DISTINCT_ROWS = 60
TICK_NS = 100_000_000


def bench_schema(height: int, width: int, features: bool = True) -> StoreSchema:
    """Two cameras at one resolution, state and actions of a small arm, and cached features."""
    return StoreSchema(
        task="bench",
        station="bench",
        action_names=ACTION_NAMES,
        joint_names=JOINT_NAMES,
        proprio_dim=STATE_DIM,
        cameras=dict.fromkeys(CAMERAS, (height, width)),
        features=FeatureSchema("bench", CAMERAS, VARIANTS, FEATURE_DIM) if features else None,
    )


def bench_info(kind: EpisodeKind) -> EpisodeInfo:
    """Description of an episode."""
    return EpisodeInfo(kind, seed=0, software=__version__)


def bench_rows(schema: StoreSchema, rows: int, source: Source) -> Iterator[Row]:
    """``rows`` rows of an episode, made before the first is returned; pictures repeat after DISTINCT_ROWS."""
    rng = np.random.default_rng(0)
    height, width = schema.cameras[CAMERAS[0]]
    pictures = {name: camera_frames(DISTINCT_ROWS, height, width, seed) for seed, name in enumerate(CAMERAS)}
    features = rng.standard_normal((DISTINCT_ROWS, VARIANTS, FEATURE_DIM), np.float32)
    numbers = rng.uniform(-1, 1, (DISTINCT_ROWS, STATE_DIM)).astype(np.float32)
    actions = len(ACTION_NAMES)
    for row in range(rows):
        shown = row % DISTINCT_ROWS
        values = numbers[shown]
        yield Row(
            stamp_ns=row * TICK_NS,
            age_ns=dict.fromkeys(schema.parts, 0),
            proprio=values,
            joint_position_rad=values[: len(JOINT_NAMES)],
            ee_pose_base=values[:7],
            images={name: frames[shown] for name, frames in pictures.items()},
            features=dict.fromkeys(CAMERAS, features[shown]),
            gripper_opening=0.5,
            base_action=values[:actions],
            verdict=Verdict(0.1, Decision.FAILURE),
            step=Step(values[:actions], values[:actions], source),
        )
