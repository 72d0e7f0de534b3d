"""What every loop of this room drives: a connected station, the task done in it, and the encoder of its frames."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from robolearn import __version__
from robolearn.actions import ACTION_NAMES, GRIPPER
from robolearn.autonomy.timing import Stopwatch
from robolearn.backends import open_station
from robolearn.contracts import Clock, Encoded, Float32, Frame, Observation
from robolearn.episodes import EpisodeInfo, EpisodeKind, FeatureSchema, StoreSchema
from robolearn.errors import DeviceError
from robolearn.processes import keep_for_good
from robolearn.reference import ActionConfig
from robolearn.station import Station, StationConfig
from robolearn.task import TaskConfig
from robolearn.vision.encoder import Encoder

log = logging.getLogger(__name__)


class FrameEncoder(Protocol):
    """Turns the frames of one tick into features."""

    def encode(self, frames: Mapping[str, Frame], proprio: Float32, variants: int | None = None) -> Encoded:
        """Features (V, D) of each camera; ``variants`` None means as many as are stored."""


@runtime_checkable
class MayStandStill(Protocol):
    """A clock that may be that of a twin in lock-step."""

    @property
    def lock_step(self) -> bool:
        """True if time stands still while nobody sleeps on it."""


class Seen(NamedTuple):
    """One tick: what was read, and what was made of it."""

    observation: Observation
    encoded: Encoded


@dataclass(frozen=True)
class Cell:
    """A connected station with its task and encoder."""

    station: Station
    task: TaskConfig
    encoder: FrameEncoder

    @property
    def max_ticks(self) -> int:
        """Steps in an episode that runs into the task's time limit."""
        return max(1, round(self.task.time_limit_s * self.station.config.policy_hz))

    def look(self, variants: int | None = None, stopwatch: Stopwatch | None = None) -> Seen:
        """Read every device and encode the frames, in ``variants`` copies. Raises BorderError and DeviceError."""
        watch = stopwatch or Stopwatch()
        watch.start()
        observation = self.station.observe()
        watch.lap("observe")
        proprio = self.station.proprio(observation.arm)
        encoded = self.encoder.encode(observation.frames, proprio, variants)
        watch.lap("encode")
        return Seen(observation, encoded)

    def begin(self, kind: EpisodeKind, seed: int) -> EpisodeInfo:
        """Reset the cell for an episode, and describe it. Raises DeviceError."""
        draws = self.station.reset(seed)
        return EpisodeInfo(kind, seed, __version__, draws)

    def truth(self) -> bool | None:
        """What the world knows of the task's success; None if it does not know, or does not answer any more.

        An episode that has just ended must not lose its label with a twin or scene that is started again."""
        try:
            return self.station.world.succeeded()
        except DeviceError as error:
            log.warning("the world does not say whether the task has succeeded: %s", error)
            return None

    def gripper_now(self, observation: Observation) -> float:
        """The action value that leaves the gripper as it is."""
        return gripper_value(self.station.config.action, observation)


def gripper_value(action: ActionConfig, observation: Observation) -> float:
    """The action value of the gripper's measured opening; the middle if the arm does not measure it."""
    return opening_value(action, observation.arm.gripper_opening)


def opening_value(action: ActionConfig, opening: float | None) -> float:
    """The action value of a gripper's opening; the middle if it is not measured."""
    closed, opened = action.gripper_opening
    share = 0.5 if opening is None else (opening - closed) / (opened - closed)
    return float(np.clip(2.0 * share - 1.0, -1.0, 1.0))


def still(gripper: float) -> Float32:
    """The action (A,) that moves nothing: no twist, and the gripper as it is."""
    action = np.zeros(len(ACTION_NAMES), np.float32)
    action[GRIPPER] = gripper
    return action


@contextmanager
def open_cell(station: StationConfig, task: TaskConfig, encoder: FrameEncoder) -> Iterator[Cell]:
    """A cell that is closed at the end. Raises ConfigError and DeviceError."""
    opened = open_station(station, task)
    keep_for_good()
    try:
        yield Cell(opened, task, encoder)
    finally:
        opened.close()


def store_schema(station: Station, task: TaskConfig, encoder: Encoder, store_images: bool) -> StoreSchema:
    """What the store of a run on this station holds."""
    config, tower = station.config, encoder.tower
    return StoreSchema(
        task=task.name,
        station=config.name,
        action_names=ACTION_NAMES,
        joint_names=config.joint_names,
        proprio_dim=station.proprio_dim,
        cameras={name: camera.used_shape for name, camera in config.cameras.items()},
        features=FeatureSchema(tower.id, encoder.cameras, encoder.variants, tower.dim),
        store_images=store_images,
    )


def is_lock_step(clock: Clock) -> bool:
    """True if time stands still while nobody sleeps on the clock: the world of a twin waits for its actor."""
    return isinstance(clock, MayStandStill) and clock.lock_step
