"""What commands need that learn from a run: its episodes, encoded by the image tower they are learned with."""

from __future__ import annotations

from robolearn.cli.job import Job
from robolearn.episodes import EpisodeStore, FeatureSchema
from robolearn.errors import StoreError
from robolearn.vision.tower import Tower


def recorded(job: Job) -> EpisodeStore:
    """The episodes of the run. Raises StoreError, with the command that records some, where there are none."""
    if not job.run.store.exists():
        raise StoreError(f"there is no episode store at {job.run.store}. Record one with: {job.command('record')}")
    return EpisodeStore.open(job.run.store)


def features_of(store: EpisodeStore, tower: Tower) -> FeatureSchema:
    """The features that ``store`` keeps. Raises StoreError unless they are those of ``tower``."""
    features = store.schema.features
    if features is None or features.tower != tower.id:
        raise StoreError(
            f"{store.path} holds features of another image tower than {tower.name!r} ({tower.id}): record with it, or "
            "name the tower of the store in the learning configuration"
        )
    return features
