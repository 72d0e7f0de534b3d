"""Encoded observations as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robolearn.contracts import Encoded, Float32
from robolearn.errors import BorderError, unknown


def stacked(encoded: Encoded, cameras: Sequence[str], variant: int = 0) -> Float32:
    """Features (C, dim) of one variant, in the order of ``cameras``. Raises BorderError for a missing camera."""
    for camera in cameras:
        if camera not in encoded.features:
            raise BorderError(unknown("camera", camera, encoded.features))
    shapes = {camera: np.shape(encoded.features[camera]) for camera in cameras}
    fit = all(len(shape) == 2 and shape[0] > variant for shape in shapes.values())
    if not fit or len({shape[1] for shape in shapes.values()}) > 1:
        raise BorderError(
            f"features: expected (variants, dim) of one dim and at least {variant + 1} variants, got {shapes}"
        )
    return np.stack([np.asarray(encoded.features[camera][variant], np.float32) for camera in cameras])
