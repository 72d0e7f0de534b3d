"""What a task is, apart from the cell it is done in."""

from __future__ import annotations

from dataclasses import dataclass

from robolearn.config import Section
from robolearn.errors import ConfigError


@dataclass(frozen=True)
class TaskConfig:
    """One file of ``configs/tasks``."""

    name: str
    instruction: str
    time_limit_s: float
    success_prompts: tuple[str, ...]  # what a picture of success shows
    failure_prompts: tuple[str, ...]
    inverse: str | None  # the task that undoes this one
    twin: Section  # start state and randomisation, for the twin to read

    def __post_init__(self) -> None:
        """Raise ConfigError for an empty prompt list or a time limit that is not above zero."""
        if not self.success_prompts or not self.failure_prompts:
            raise ConfigError(f"task {self.name}: needs at least one success prompt and one failure prompt")
        if not self.time_limit_s > 0:
            raise ConfigError(f"task {self.name}: time_limit_s must be above 0, got {self.time_limit_s}")
