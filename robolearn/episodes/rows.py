"""One row of an episode: an observation, what was thought of it, and what was done at that tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robolearn.contracts import Decision, Encoded, Float32, Image, Observation, Verdict
from robolearn.episodes.schema import POSE_SIZE, Source, StoreSchema
from robolearn.errors import BorderError

T = TypeVar("T")
Half = NDArray[np.float16]
NOT_JUDGED = Verdict(float("nan"), Decision.ABSTAIN)


@dataclass(frozen=True)
class Step:
    """What was done at a tick; actions are (A,), in the units of ``contracts.Action``."""

    requested: Float32
    executed: Float32
    source: Source
    clips: tuple[str, ...] = ()
    weights_version: int = -1  # of the policy that was in charge; -1: none


@dataclass(frozen=True)
class Row:
    """One tick, in the convention of RLDS: the observation, and the step taken from it.

    The last row of an episode holds the final observation and no step. ``base_action`` is what the base
    policy proposes for this observation: the last row has it too where an episode may be cut short, for
    bootstrapping.
    """

    stamp_ns: int
    age_ns: Mapping[str, int]  # per part: "arm" and each camera
    proprio: Float32  # (P,)
    joint_position_rad: Float32  # (J,)
    ee_pose_base: Float32  # (7,) m, quaternion wxyz
    images: Mapping[str, Image]  # (H, W, 3) per camera; ignored by a store without images
    features: Mapping[str, Float32]  # (V, D) per camera
    gripper_opening: float | None = None
    gripper_load: float | None = None
    base_action: Float32 | None = None
    verdict: Verdict | None = None
    reward_version: int = -1
    step: Step | None = None


def row_of(
    observation: Observation,
    encoded: Encoded,
    *,
    base_action: Float32 | None = None,
    verdict: Verdict | None = None,
    reward_version: int = -1,
    step: Step | None = None,
) -> Row:
    """The row of an observation, of what was made of it, and of the step that followed."""
    arm = observation.arm
    return Row(
        stamp_ns=observation.stamp_ns,
        age_ns=observation.age_ns,
        proprio=encoded.proprio,
        joint_position_rad=arm.joint_position_rad.astype(np.float32),
        ee_pose_base=np.concatenate([arm.ee_position_base_m, arm.ee_quaternion_base_wxyz]).astype(np.float32),
        images={name: frame.rgb for name, frame in observation.frames.items()},
        features=encoded.features,
        gripper_opening=arm.gripper_opening,
        gripper_load=arm.gripper_load,
        base_action=base_action,
        verdict=verdict,
        reward_version=reward_version,
        step=step,
    )


class Packed(NamedTuple):
    """A checked row, copied into the arrays of the store's layout; ``clips`` still has to become an index."""

    floats: dict[str, Float32 | float]
    integers: dict[str, NDArray[np.int64] | int]
    features: Half | None  # (cameras, V, D)
    images: dict[str, Image]
    clips: tuple[str, ...]


def pack(row: Row, schema: StoreSchema) -> Packed:
    """Check a row against the schema and copy it.

    Raises BorderError for NaN, infinity, a wrong shape or camera.
    """
    actions = len(schema.action_names)
    step = row.step
    verdict = row.verdict or NOT_JUDGED
    if row.verdict and not 0.0 <= row.verdict.probability <= 1.0:
        raise BorderError(f"probability of success {row.verdict.probability} is outside [0, 1]")
    floats: dict[str, Float32 | float] = {
        "proprio": _finite("proprio", row.proprio, (schema.proprio_dim,)),
        "joint_position_rad": _finite("joint_position_rad", row.joint_position_rad, (len(schema.joint_names),)),
        "ee_pose_base": _finite("ee_pose_base", row.ee_pose_base, (POSE_SIZE,)),
        "gripper_opening": _measured("gripper_opening", row.gripper_opening),
        "gripper_load": _measured("gripper_load", row.gripper_load),
        "base_action": np.nan if row.base_action is None else _finite("base_action", row.base_action, (actions,)),
        "requested": _finite("requested action", step.requested, (actions,)) if step else 0.0,
        "executed": _finite("executed action", step.executed, (actions,)) if step else 0.0,
        "probability": verdict.probability,
    }
    integers: dict[str, NDArray[np.int64] | int] = {
        "stamp_ns": row.stamp_ns,
        "age_ns": np.array([_part(row.age_ns, "age", part) for part in schema.parts], dtype=np.int64),
        "acted": int(step is not None),
        "source": step.source.value if step else Source.NONE.value,
        "decision": verdict.decision.value,
        "reward_version": row.reward_version,
        "weights_version": step.weights_version if step else -1,
    }
    return Packed(floats, integers, _features(row, schema), _images(row, schema), step.clips if step else ())


def _finite(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Float32:
    array = np.array(value, dtype=np.float32)
    if array.shape != shape:
        raise BorderError(f"{name}: expected shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise BorderError(f"{name}: not finite: {array}")
    return array


def _measured(name: str, value: float | None) -> float:
    """A scalar that a device may not measure; NaN stands for None in the store, and is refused as a value."""
    if value is None:
        return float("nan")
    if not np.isfinite(value):
        raise BorderError(f"{name}: not finite: {value}; pass None for what is not measured")
    return float(value)


def _part(values: Mapping[str, T], kind: str, name: str) -> T:
    if name not in values:
        raise BorderError(f"row has no {kind} of {name!r}; it has {sorted(values)}")
    return values[name]


def _features(row: Row, schema: StoreSchema) -> Half | None:
    spec = schema.features
    if spec is None:
        return None
    shape = (spec.variants, spec.dim)
    stack = [_finite(f"features of {name!r}", _part(row.features, "features", name), shape) for name in spec.cameras]
    with np.errstate(over="ignore"):
        halves = np.stack(stack).astype(np.float16)
    if not np.isfinite(halves).all():
        raise BorderError("features: too large for float16")
    return halves


def _images(row: Row, schema: StoreSchema) -> dict[str, Image]:
    if not schema.store_images:
        return {}
    images = {name: np.array(_part(row.images, "image", name), order="C") for name in schema.cameras}
    for name, image in images.items():
        expected = (*schema.cameras[name], 3)
        if image.shape != expected or image.dtype != np.uint8:
            raise BorderError(
                f"camera {name!r}: the store holds {expected} uint8, got {image.shape} {image.dtype}; "
                "set the camera to that resolution, or record into a new store"
            )
    return images
