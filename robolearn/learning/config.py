"""One file of ``configs/learning``: everything that a run can be tuned by, apart from station and task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from robolearn import config
from robolearn.config import Key, Section
from robolearn.errors import ConfigError
from robolearn.learning.ratio import Ratio
from robolearn.learning.settings import CloningSettings, ImitationSettings, ResidualSettings


@dataclass(frozen=True)
class FeatureSettings:
    """What is cached of every frame."""

    tower: str
    variants: Annotated[int, Key("copies of each frame: one untouched, the others augmented", low=1)]


@dataclass(frozen=True)
class RecordingSettings:
    """Demonstrations."""

    demos: Annotated[int, Key("demonstrations to record", low=1)]
    store_images: Annotated[bool, Key("keep the pictures of every episode, not their features alone")]


@dataclass(frozen=True)
class LearnerSettings:
    """The learner process."""

    updates_per_step: Annotated[float, Key("updates for each step practised", low=0.01)]
    first_steps: Annotated[int, Key("steps practised before updates count against them", low=0)]
    warmup_updates: Annotated[int, Key("updates on the demonstrations, before any practice", low=0)]
    publish_every: Annotated[int, Key("updates between two versions of the weights", low=1)]
    log_every: Annotated[int, Key("updates between two lines of metrics", low=1)]
    checkpoint_every_s: Annotated[float, Key("time between two checkpoints [s]", low=0.01)]
    keep_weights: Annotated[int, Key("versions of the weights that stay on disk", low=2)]
    threads: Annotated[int, Key("threads of the learner: one is often faster than two", low=1)]

    @property
    def ratio(self) -> Ratio:
        """How updates and steps belong together."""
        return Ratio(self.updates_per_step, self.first_steps, self.warmup_updates)


@dataclass(frozen=True)
class PracticeSettings:
    """The actor, and when practice ends."""

    robot_steps: Annotated[int, Key("budget of steps", low=1)]
    target_success: Annotated[float, Key("success rate at which practice ends early", low=0.0, high=1.0)]
    target_episodes: Annotated[int, Key("newest episodes that the rate is taken over", low=1)]
    confirm_ticks: Annotated[int, Key("ticks in a row that must look like success", low=1)]
    exploration_noise: Annotated[float, Key("standard deviation, share of full scale", low=0.0, high=1.0)]
    quiet_share: Annotated[float, Key("share of the episodes without exploration noise", low=0.0, high=1.0)]
    onlooker_stall_s: Annotated[
        float, Key("time without progress after which a scripted onlooker takes over [s]", low=0.0)
    ]
    onlooker_patience: Annotated[
        float, Key("share of the time limit after which a scripted onlooker takes over", low=0.0, high=1.0)
    ]
    refresh_ticks: Annotated[int, Key("ticks between two looks for newer weights", low=1)]
    lead_steps: Annotated[int, Key("how far the actor may run ahead of the learner in a lock-step world", low=1)]
    learner_patience_s: Annotated[float, Key("how long it waits for a learner that stands still [s]", low=0.0)]
    learner_restarts: Annotated[int, Key("how often a learner that died is started again", low=0)]
    faults_in_a_row: Annotated[int, Key("episodes cut short by a fault before a person is called", low=1)]


@dataclass(frozen=True)
class EvaluationSettings:
    """Held-out evaluation."""

    episodes: Annotated[int, Key("held-out resets", low=1)]
    hold_ticks: Annotated[int, Key("ticks in a row that the goal must be reached", low=1)]
    workers: Annotated[int, Key("processes that share the episodes", low=1)]
    strip_frames: Annotated[int, Key("pictures of the best and of the worst episode", low=2)]


@dataclass(frozen=True)
class LearningConfig:
    """One file of ``configs/learning``."""

    name: str
    features: FeatureSettings
    recording: RecordingSettings
    cloning: CloningSettings
    imitation: ImitationSettings
    reward: Section  # for the rewards room to read
    residual: ResidualSettings
    learner: LearnerSettings
    practice: PracticeSettings
    evaluation: EvaluationSettings

    def __post_init__(self) -> None:
        """Raise ConfigError for settings that cannot be met together."""
        if self.cloning.execute > self.cloning.horizon:
            raise ConfigError(
                f"cloning.execute {self.cloning.execute} is more than the {self.cloning.horizon} actions of a chunk"
            )
        shortest_lead = 3 + 1 / self.learner.updates_per_step
        if self.practice.lead_steps < shortest_lead:
            raise ConfigError(
                f"practice.lead_steps {self.practice.lead_steps} is too short for "
                f"{self.learner.updates_per_step} updates a step: actor and learner would wait for each other. "
                f"Give {shortest_lead:.0f} or more."
            )
        if self.residual.critic_subset > self.residual.critics:
            raise ConfigError(
                f"residual.critic_subset {self.residual.critic_subset} is more than the {self.residual.critics} critics"
            )


def load_learning(name: str) -> LearningConfig:
    """Learning file by name or path. Raises ConfigError."""
    return config.load(config.find("learning", name), LearningConfig)
