"""The few figures a run is known by, drawn once for the report, the terminal and ``--json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robolearn.report.data import BarRow, RewardQuality, RunFolder


@dataclass(frozen=True)
class Summary:
    """Headline figures; None where the stage that measures one has not run."""

    task: str
    station: str
    seed: int
    base_success: float | None  # share of held-out episodes
    base_ci95: tuple[float, float] | None
    final_success: float | None
    ci95: tuple[float, float] | None  # of final_success
    demos: int | None
    episodes: int | None  # practised
    robot_minutes: float | None  # practised, without the demonstrations
    human_minutes: float | None  # of them, driven by somebody who took over
    wall_s: float  # sum of the stages
    reward: Mapping[str, float | None] | None  # precision, recall, fpr, abstain
    speed_vs_demo: float | None  # 2.0: half the time of a demonstration
    bars: tuple[BarRow, ...]

    @property
    def ok(self) -> bool:
        """True if every bar holds."""
        return all(bar.ok for bar in self.bars)

    def figures(self) -> dict[str, Any]:
        """The figures as a JSON object, without the bars."""
        return {
            "base_success": self.base_success,
            "final_success": self.final_success,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "episodes": self.episodes,
            "demos": self.demos,
            "robot_minutes": self.robot_minutes,
            "human_minutes": self.human_minutes,
            "wall_s": self.wall_s,
            "reward": None if self.reward is None else dict(self.reward),
            "speed_vs_demo": self.speed_vs_demo,
            "seed": self.seed,
        }


def robot_minutes(robot_steps: int, policy_hz: float) -> float:
    """Minutes that ``robot_steps`` policy steps take on the robot."""
    return robot_steps / policy_hz / 60.0


def summarize(run: RunFolder, bars: Sequence[Mapping[str, object]]) -> Summary:
    """Draw the headline figures from ``run``. Raises BorderError for an unfit bar."""
    info, base, final = run.info, run.base, run.final
    episodes = run.metrics.episodes if run.metrics else None
    return Summary(
        task=info.task,
        station=info.station,
        seed=info.seed,
        base_success=base.rate if base else None,
        base_ci95=base.ci95 if base else None,
        final_success=final.rate if final else None,
        ci95=final.ci95 if final else None,
        demos=info.demos,
        episodes=None if episodes is None else len(episodes),
        robot_minutes=robot_minutes(episodes[-1].robot_steps, info.policy_hz) if episodes else None,
        human_minutes=None
        if episodes is None
        else robot_minutes(sum(episode.intervention_steps for episode in episodes), info.policy_hz),
        wall_s=sum(info.stages_s.values()),
        reward=_reward(run.reward) if run.reward else None,
        speed_vs_demo=_speed(info.demo_cycle_time_s, final.cycle_time_s if final else None),
        bars=tuple(BarRow.of(index, bar) for index, bar in enumerate(bars)),
    )


def _reward(quality: RewardQuality) -> dict[str, float | None]:
    return {
        "precision": quality.precision,
        "recall": quality.recall,
        "fpr": quality.fpr,
        "abstain": quality.abstain,
    }


def _speed(demo_s: float | None, policy_s: float | None) -> float | None:
    return demo_s / policy_s if demo_s and policy_s else None
