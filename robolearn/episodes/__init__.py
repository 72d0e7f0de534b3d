"""Episodes: the store that everything is recorded into, and the replay sampler that learners draw from."""

from robolearn.episodes.replay import Batch, ReplayBuffer
from robolearn.episodes.rows import Row, Step, row_of
from robolearn.episodes.schema import EpisodeInfo, EpisodeKind, FeatureSchema, Source, StoreSchema
from robolearn.episodes.store import Cursor, EpisodeStore
from robolearn.episodes.writer import EpisodeWriter

__all__ = [
    "Batch",
    "Cursor",
    "EpisodeInfo",
    "EpisodeKind",
    "EpisodeStore",
    "EpisodeWriter",
    "FeatureSchema",
    "ReplayBuffer",
    "Row",
    "Source",
    "Step",
    "StoreSchema",
    "row_of",
]
