"""The tower's read-outs: for each camera, a linear map from features to the few numbers that say where things are.

A frozen tower also tells colours, light and the camera's tilt; a policy cloned from a dozen scenes takes them for
causes. The read-out, fitted on the tower's own training pictures, leaves what the captions speak of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

from robolearn.contracts import Float, Float32
from robolearn.errors import ModelError

FILE = "readout.safetensors"
RIDGE = 0.01  # share of the features' variance
LEAST_R2 = 0.3  # labels that the features explain less of are left out


def fit(features: Float32, labels: Float32, held_out: float = 0.1) -> tuple[Float32, Float]:
    """Map (D, K) from features (N, D) to the labels (N, M) that it can tell, and the held-out R2 (M,)."""
    count = round(len(features) * (1.0 - held_out))
    centre, mean = features[:count].mean(0), labels[:count].mean(0)
    known, wanted = (features[:count] - centre).astype(float), labels[:count] - mean
    ridge = RIDGE * count * known.var() * np.eye(known.shape[1])
    weights = np.linalg.solve(known.T @ known + ridge, known.T @ wanted)
    missed = (features[count:] - centre) @ weights + mean - labels[count:]
    explained = 1.0 - (missed**2).mean(0) / np.maximum(labels[count:].var(0), 1e-12)
    return weights[:, explained >= LEAST_R2].astype(np.float32), explained


def save(folder: Path, maps: Mapping[str, Float32]) -> None:
    """Write the maps (D, K) of a tower, by camera, beside its weights."""
    save_file({camera: np.ascontiguousarray(weights) for camera, weights in maps.items()}, folder / FILE)


def load(folder: Path) -> dict[str, Float32]:
    """Maps (D, K) by camera; empty for a tower that has none. Raises ModelError if the file is damaged."""
    if not (folder / FILE).is_file():
        return {}
    try:
        return dict(load_file(folder / FILE))
    except (OSError, safetensors.SafetensorError) as cause:
        raise ModelError(
            f"{folder / FILE} is damaged: {cause}. Train the tower again: robolearn train tower"
        ) from cause


def stacked(maps: Mapping[str, Float32], cameras: Sequence[str], dim: int) -> Float32:
    """Maps (C, dim, K) in the order of ``cameras``, padded with zeros; a camera without one keeps its features."""
    chosen = [maps.get(camera, np.eye(dim, dtype=np.float32)) for camera in cameras]
    width = max(weights.shape[1] for weights in chosen)
    return np.stack([np.pad(weights, ((0, 0), (0, width - weights.shape[1]))) for weights in chosen])
