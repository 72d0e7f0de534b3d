"""``eval_base.json`` and ``eval_final.json``: held-out episodes, their true outcomes and their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from robolearn.errors import BorderError, unknown
from robolearn.report.fields import Fields


@dataclass(frozen=True)
class Strip:
    """Pictures of one evaluation episode, in order of time; paths are absolute."""

    seed: int
    label: str
    images: tuple[Path, ...]

    @staticmethod
    def of(fields: Fields, folder: Path) -> Strip:
        """Check one entry of "frames". Raises BorderError, also for a picture outside the run folder."""
        label = fields.text("label")
        if label not in ("best", "worst"):
            raise BorderError(f"{fields.source}: {unknown('label', label, ('best', 'worst'))}")
        images = []
        for name in fields.items("images"):
            image = (folder / str(name)).resolve()
            if not image.is_relative_to(folder.resolve()):
                raise BorderError(f"{fields.source}: {name!r} leaves the run folder; give a path inside it")
            images.append(image)
        return Strip(fields.count("seed"), label, tuple(images))


@dataclass(frozen=True)
class EvalEpisode:
    """One held-out episode: the true outcome, and the reward model's verdict (None: it gave none)."""

    seed: int
    success: bool
    steps: int
    judged_success: bool | None


@dataclass(frozen=True)
class Evaluation:
    """``eval_*.json``: successes among held-out resets, with the Wilson 95 % interval of their share."""

    episodes: int
    successes: int
    ci95: tuple[float, float]
    cycle_time_s: float | None  # mean over successes; None without any
    decided_by: str | None  # who decided success, e.g. "ground truth"
    cut_short: str | None  # why there are fewer episodes than were asked for; None if there are not
    per_episode: tuple[EvalEpisode, ...]
    strips: tuple[Strip, ...]

    @property
    def rate(self) -> float:
        """Share of successes."""
        return self.successes / self.episodes

    @staticmethod
    def of(fields: Fields, folder: Path) -> Evaluation:
        """Check the file, its totals against its list too. Raises BorderError."""
        low, high = fields.numbers("ci95", 2)
        per_episode = tuple(
            EvalEpisode(
                seed=item.count("seed"),
                success=item.flag("success"),
                steps=item.count("steps"),
                judged_success=item.flag_or_none("judged_success"),
            )
            for item in fields.objects("per_episode")
        )
        evaluation = Evaluation(
            episodes=fields.count("episodes"),
            successes=fields.count("successes"),
            ci95=(low, high),
            cycle_time_s=fields.number_or_none("cycle_time_s", 0.0),
            decided_by=fields.text_or_none("decided_by"),
            cut_short=fields.text_or_none("cut_short"),
            per_episode=per_episode,
            strips=tuple(Strip.of(item, folder) for item in fields.objects("frames")),
        )
        evaluation._check_totals(fields.source)
        return evaluation

    def _check_totals(self, source: str) -> None:
        told = f"{self.successes} of {self.episodes}"
        listed = f"{sum(episode.success for episode in self.per_episode)} of {len(self.per_episode)}"
        if self.per_episode and listed != told:
            raise BorderError(f"{source}: says {told} successes, but lists {listed}")
        if self.episodes == 0 or not 0 <= self.ci95[0] <= self.rate <= self.ci95[1] <= 1:
            raise BorderError(f"{source}: {told} successes do not lie inside their interval {self.ci95}")
