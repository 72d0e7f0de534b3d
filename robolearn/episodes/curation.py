"""What a person does about episodes that are recorded: judge them anew, set them aside, take them back.

Nothing is deleted. An episode that is being written is left alone. A learner at work does not look back: do this while
none runs on the store.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robolearn.contracts import Ending
from robolearn.episodes.reader import Episode
from robolearn.episodes.schema import EpisodeKind
from robolearn.episodes.store import EPISODES, EpisodeStore
from robolearn.errors import StoreError, unknown

ASIDE = ".aside-"  # prefix of a folder that the store leaves out
ENDINGS = {True: Ending.SUCCESS, False: Ending.FAILURE, None: Ending.STOPPED}
MOST_LISTED = 10


def matching(part: str, names: list[str]) -> str:
    """The one of ``names`` that has ``part`` in it. Raises StoreError if there is none, or more than one."""
    found = [part] if part in names else [name for name in names if part in name]
    if not found:
        raise StoreError(unknown("episode", part, names[-MOST_LISTED:]))
    if len(found) > 1:
        shown = ", ".join(found[:MOST_LISTED]) + (", ..." if len(found) > MOST_LISTED else "")
        raise StoreError(f"{len(found)} episodes have {part!r} in their names: {shown}. Say more of it.")
    return found[0]


def judge(store: EpisodeStore, name: str, succeeded: bool | None) -> None:
    """Have a demonstration count as a success, as a failure, or, with None, not at all.

    Raises StoreError for one that is being written, or that is no demonstration."""
    episode = _finished(store, name)
    if episode.kind is not EpisodeKind.DEMO:
        raise StoreError(
            f"{name} is no demonstration but {episode.kind.value}, which the reward model has judged tick by tick. "
            "To leave it out, drop it."
        )
    judged = replace(episode.record, ended=True, ending=ENDINGS[succeeded], label=succeeded)
    try:
        judged.write(episode.path)
    except OSError as error:
        raise StoreError(f"cannot judge {name}: {error.strerror}; it is as before") from error


def set_aside(store: EpisodeStore, name: str) -> None:
    """Leave an episode out of the store. Raises StoreError for one that is being written."""
    _move(_finished(store, name).path, store.path / EPISODES / f"{ASIDE}{name}")


def take_back(store: EpisodeStore, name: str) -> None:
    """Undo :func:`set_aside`. Raises StoreError if it was not."""
    if name not in aside(store):
        raise StoreError(unknown("dropped episode", name, aside(store)))
    _move(store.path / EPISODES / f"{ASIDE}{name}", store.path / EPISODES / name)


def aside(store: EpisodeStore) -> list[str]:
    """Names of the episodes that were set aside, oldest first."""
    return sorted(path.name.removeprefix(ASIDE) for path in (store.path / EPISODES).glob(f"{ASIDE}*"))


def _finished(store: EpisodeStore, name: str) -> Episode:
    episode = store.episode(name)
    if episode.ending is None:
        raise StoreError(f"{name} is being written: wait for its end")
    return episode


def _move(old: Path, new: Path) -> None:
    try:
        old.rename(new)
    except OSError as error:
        raise StoreError(f"cannot move {old} to {new}: {error.strerror}; it is as before") from error
