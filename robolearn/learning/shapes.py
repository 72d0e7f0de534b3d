"""Which residual fits on a base policy: learner and actor have to agree on it."""

from __future__ import annotations

from robolearn.learning.settings import ResidualSettings
from robolearn.policies.chunk import ChunkShape
from robolearn.policies.residual import ResidualShape


def residual_shape(base: ChunkShape, settings: ResidualSettings) -> ResidualShape:
    """Sizes of the residual on a base policy."""
    return ResidualShape(
        base.cameras,
        base.feature_dim,
        base.proprio_dim,
        base.readout_dim,
        base.action_dim,
        settings.hidden,
        settings.scale,
    )
