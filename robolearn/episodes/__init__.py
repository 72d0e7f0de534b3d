"""Episodes: the store that everything is recorded into, and the replay sampler that learners draw from."""

from robolearn.episodes.rows import Row, Step, row_of
from robolearn.episodes.schema import EpisodeInfo, EpisodeKind, FeatureSchema, Source, StoreSchema
from robolearn.episodes.store import Cursor, EpisodeStore
from robolearn.episodes.writer import EpisodeWriter

__all__ = [
    "Cursor",
    "EpisodeInfo",
    "EpisodeKind",
    "EpisodeStore",
    "EpisodeWriter",
    "FeatureSchema",
    "Row",
    "Source",
    "Step",
    "StoreSchema",
    "row_of",
]
