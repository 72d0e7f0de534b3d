"""Schemas and rows for the tests of this room: random but repeatable, with every column filled."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Decision, Ending, Image, Verdict
from robolearn.episodes import (
    EpisodeInfo,
    EpisodeKind,
    EpisodeStore,
    FeatureSchema,
    Row,
    Source,
    Step,
    StoreSchema,
)

TICK_NS = 100_000_000
CAMERAS = {"front": (24, 32), "wrist": (16, 16)}
SCHEMA = StoreSchema(
    task="lift_cube",
    station="so101_twin",
    action_names=("dx", "dy", "gripper"),
    joint_names=("j1", "j2"),
    proprio_dim=4,
    cameras=CAMERAS,
    features=FeatureSchema(tower="abc123", cameras=("front", "wrist"), variants=3, dim=8),
)


def info(kind: EpisodeKind = EpisodeKind.PRACTICE) -> EpisodeInfo:
    """Description of an episode of a kind."""
    return EpisodeInfo(kind, seed=7, software="0.1.0", draws={"mass_kg": 0.02, "cube_m": [0.1, 0.2]})


def picture(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    """A gradient with sensor noise, (H, W, 3)."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    clean = np.stack([rows, columns, rows + columns], axis=-1) * 2.0
    return np.clip(clean + rng.normal(0, 2, clean.shape), 0, 255).astype(np.uint8)


def row(
    index: int,
    schema: StoreSchema = SCHEMA,
    *,
    last: bool = False,
    decision: Decision = Decision.FAILURE,
    source: Source = Source.POLICY,
    base: bool = True,
) -> Row:
    """Row ``index`` of an episode; the same index gives the same row."""
    rng = np.random.default_rng(index)
    actions = len(schema.action_names)

    def vector(size: int) -> np.ndarray:
        return rng.uniform(-1, 1, size).astype(np.float32)

    step = Step(vector(actions), vector(actions), source, ("speed",) if index % 3 == 0 else (), weights_version=index)
    spec = schema.features
    return Row(
        stamp_ns=index * TICK_NS,
        age_ns={part: index + place for place, part in enumerate(schema.parts)},
        proprio=vector(schema.proprio_dim),
        joint_position_rad=vector(len(schema.joint_names)),
        ee_pose_base=vector(7),
        images={name: picture(rng, size) for name, size in schema.cameras.items()},
        features={name: vector(spec.variants * spec.dim).reshape(spec.variants, spec.dim) for name in spec.cameras}
        if spec
        else {},
        gripper_opening=0.5,
        gripper_load=None,
        base_action=vector(actions) if base else None,
        verdict=Verdict(0.25, decision),
        reward_version=3,
        step=None if last else step,
    )


def record(store: EpisodeStore, rows: int = 23, kind: EpisodeKind = EpisodeKind.PRACTICE) -> str:
    """Record rows 0 to ``rows`` - 1, the last of them without a step."""
    with store.begin(info(kind)) as writer:
        for index in range(rows - 1):
            writer.append(row(index, store.schema))
        writer.end(Ending.SUCCESS, row(rows - 1, store.schema, last=True), label=True, ground_truth=False)
    return writer.id
