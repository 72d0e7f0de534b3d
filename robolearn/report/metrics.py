"""``metrics.jsonl``: what actor and learner logged while the robot practised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robolearn.contracts import Ending
from robolearn.errors import BorderError, StoreError, unknown
from robolearn.report.fields import Fields, parse_json


@dataclass(frozen=True)
class Episode:
    """One practice episode; ``success`` is the decision of the reward model, not ground truth."""

    index: int
    steps: int
    robot_steps: int  # cumulative, this episode included
    success: bool
    ending: Ending
    intervention_steps: int
    clips: int
    episode_return: float

    @property
    def unaided(self) -> bool:
        """True for a success that nobody helped with."""
        return self.success and self.intervention_steps == 0

    @staticmethod
    def of(fields: Fields) -> Episode:
        """Check one line of kind "episode". Raises BorderError."""
        ending = fields.text("ending")
        if ending not in {choice.value for choice in Ending}:
            raise BorderError(f"{fields.source}: {unknown('ending', ending, (e.value for e in Ending))}")
        return Episode(
            index=fields.count("index"),
            steps=fields.count("steps"),
            robot_steps=fields.count("robot_steps"),
            success=fields.flag("success"),
            ending=Ending(ending),
            intervention_steps=fields.count("intervention_steps"),
            clips=fields.count("clips"),
            episode_return=fields.number("return"),
        )


@dataclass(frozen=True)
class Update:
    """One line of the learner; ``actor_loss`` is None while the critics warm up."""

    step: int
    critic_loss: float
    q_mean: float
    actor_loss: float | None
    updates_per_s: float

    @staticmethod
    def of(fields: Fields) -> Update:
        """Check one line of kind "update". Raises BorderError."""
        return Update(
            step=fields.count("step"),
            critic_loss=fields.number("critic_loss"),
            q_mean=fields.number("q_mean"),
            actor_loss=fields.number_or_none("actor_loss"),
            updates_per_s=fields.number("updates_per_s", 0.0),
        )


@dataclass(frozen=True)
class Metrics:
    """``metrics.jsonl``: episodes by index, updates by step; of a line written twice the later counts."""

    episodes: tuple[Episode, ...]
    updates: tuple[Update, ...]
    torn_lines: int  # cut by a kill while being written; skipped, and said so in the report

    @staticmethod
    def of(path: Path) -> Metrics:
        """Read the file. Raises StoreError if it cannot be read, BorderError for a line that is unfit."""
        episodes: dict[int, Episode] = {}
        updates: dict[int, Update] = {}
        torn_lines = 0
        for number, line in enumerate(_lines(path), start=1):
            source = f"{path}: line {number}"
            try:
                fields = Fields(source, parse_json(source, line))
            except StoreError:
                torn_lines += 1
                continue
            if (kind := fields.text("kind")) == "episode":
                episode = Episode.of(fields)
                episodes[episode.index] = episode
            elif kind == "update":
                update = Update.of(fields)
                updates[update.step] = update
            else:
                raise BorderError(f"{source}: {unknown('kind', kind, ('episode', 'update'))}")
        ordered = tuple(episodes[index] for index in sorted(episodes))
        return Metrics(ordered, tuple(updates[step] for step in sorted(updates)), torn_lines)


def _lines(path: Path) -> Iterable[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error})") from error
    return (line for line in text.splitlines() if line.strip())
