"""Zero and range of joints: the corrections that a station applies, and the raw servo scale of SO-101 style arms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from robolearn.config import Key
from robolearn.contracts import Float
from robolearn.errors import ConfigError

STEPS = 4096  # of one turn
HALF_TURN = 2047  # what a servo reads in the middle of its range after homing
MIN_RANGE_STEPS = 200
RAD_PER_STEP = 2.0 * np.pi / (STEPS - 1)  # the convention divides a turn by 4095


@dataclass(frozen=True)
class JointZeros:
    """Result: what has to be added to each joint that the arm reads [rad], and how sure that is."""

    joint_names: tuple[str, ...]
    offset_rad: Annotated[tuple[float, ...], Key("to be added to the arm's reading [rad]", low=-0.6, high=0.6)]
    sigma_rad: Annotated[tuple[float, ...], Key("one standard deviation [rad]", low=0.0)]

    def __post_init__(self) -> None:
        """Raise ConfigError unless there is one number per joint."""
        if not len(self.joint_names) == len(self.offset_rad) == len(self.sigma_rad):
            raise ConfigError(f"joint zeros: each needs {len(self.joint_names)} numbers, one per joint")


@dataclass(frozen=True)
class ServoScale:
    """Raw scale of one servo, as SO-101 arms keep it: present = actual - homing_offset, in steps of a turn / 4096."""

    id: Annotated[int, Key("number on the bus", low=0, high=253)]
    drive_mode: Annotated[int, Key("1 if the joint turns the other way", low=0, high=1)]
    homing_offset: Annotated[int, Key("steps that the servo subtracts", low=-2047, high=2047)]
    range_min: Annotated[int, Key("lowest present position [steps]", low=0, high=4095)]
    range_max: Annotated[int, Key("highest present position [steps]", low=0, high=4095)]

    def __post_init__(self) -> None:
        """Raise ConfigError for an empty range."""
        if self.range_max - self.range_min < MIN_RANGE_STEPS:
            raise ConfigError(
                f"servo {self.id}: the range {self.range_min} .. {self.range_max} is less than {MIN_RANGE_STEPS} "
                "steps: move the joint from stop to stop while the range is taken"
            )

    def radians(self, present: Float) -> Float:
        """Angle [rad] of present positions [steps]: zero is the middle of the range."""
        angle = (np.asarray(present, float) - 0.5 * (self.range_min + self.range_max)) * RAD_PER_STEP
        return -angle if self.drive_mode else angle

    def steps(self, angle_rad: Float) -> Float:
        """Present positions [steps] of angles [rad]: the inverse of :meth:`radians`."""
        angle = -np.asarray(angle_rad, float) if self.drive_mode else np.asarray(angle_rad, float)
        return np.asarray(angle / RAD_PER_STEP + 0.5 * (self.range_min + self.range_max))


def half_turn_homing(actual: int) -> int:
    """The homing offset [steps] that makes a servo at ``actual`` (0 .. 4095), in the middle of its range, read 2047."""
    return min(actual - HALF_TURN, HALF_TURN)


def range_of(positions: Float) -> tuple[int, int]:
    """Lowest and highest of present positions (N,) [steps] seen while a person moved the joint from stop to stop.

    Raises ConfigError if they jump over the end of the scale: then the servo was not homed in its middle."""
    steps = np.asarray(positions)
    if (np.abs(np.diff(steps)) > STEPS / 2).any():
        raise ConfigError("the servo went over the end of its scale: home it in the middle of its range first")
    return int(steps.min()), int(steps.max())


def from_json(text: str, source: str) -> dict[str, ServoScale]:
    """Scales by joint from the JSON file that SO-101 tools write. Raises ConfigError."""
    try:
        entries = json.loads(text)
        return {name: ServoScale(**entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{source}: not a calibration of SO-101 servos: {error}") from error


def to_json(scales: Mapping[str, ServoScale]) -> str:
    """The JSON file that SO-101 tools read."""
    return json.dumps({name: vars(scale) for name, scale in scales.items()}, indent=4) + "\n"
