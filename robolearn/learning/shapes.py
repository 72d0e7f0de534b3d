"""Sizes of the networks: of a base policy on a store, and of the residual that fits on it."""

from __future__ import annotations

from robolearn.episodes.schema import StoreSchema
from robolearn.errors import StoreError
from robolearn.learning.settings import CloningSettings, ResidualSettings
from robolearn.policies.chunk import ChunkShape
from robolearn.policies.residual import ResidualShape


def chunk_shape(schema: StoreSchema, settings: CloningSettings, readout_dim: int) -> ChunkShape:
    """Sizes of a base policy that is cloned from a store. Raises StoreError if that keeps no features."""
    if schema.features is None:
        raise StoreError(f"the store of {schema.task!r} keeps no features: record with an image tower")
    return ChunkShape(
        tower=schema.features.tower,
        cameras=schema.features.cameras,
        feature_dim=schema.features.dim,
        proprio_dim=schema.proprio_dim,
        readout_dim=readout_dim,
        action_dim=len(schema.action_names),
        horizon=settings.horizon,
        execute=settings.execute,
        hidden=settings.hidden,
        dropout=settings.dropout,
    )


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
