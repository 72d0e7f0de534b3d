"""What the ``twin`` section of a task's YAML says: the start state of a scene, and the range of every random draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]


@dataclass(frozen=True)
class Placement:
    """Where an object starts, in the base frame, drawn uniformly."""

    x_m: Range
    y_m: Range
    yaw_rad: Range


@dataclass(frozen=True)
class CellRandomisation:
    """Range of what is drawn in every cell; a fixed quantity is a range of equal ends."""

    table_value: Range  # brightness of the table, 0 .. 1
    light_level: Range
    friction_scale: Range
    start_joint_offset_rad: Range  # of each joint
    camera_latency_s: Range
    arm_latency_s: Range
    image_noise: Range  # standard deviation, 0 .. 255
    joint_noise_rad: Range  # standard deviation


@dataclass(frozen=True)
class Randomisation(CellRandomisation):
    """Range of every draw in the cell of the cube."""

    cube_hue: Range  # 0 red .. 1 red again
    bin_hue: Range
    light_offset_m: Range  # of the key light, each axis
    camera_offset_m: Range  # of each camera, each axis
    camera_tilt_rad: Range  # of each camera, each axis
    cube_mass_kg: Range


@dataclass(frozen=True)
class BoardConfig:
    """A ChArUco board in the cell, for calibration."""

    name: str  # one of configs/boards
    held: Literal["on_table", "in_gripper", "waved"]  # flat before the arm; on a handle; by a person, before a camera


@dataclass(frozen=True)
class TwinTask:
    """The twin's side of a task."""

    goal: str  # one of sim.goals.GOALS
    cube: Placement | None  # None: the cube starts in the bin
    bin: Placement
    start_joint_position_rad: tuple[float, float, float, float, float]
    start_gripper_opening: float
    randomise: Randomisation
    board: BoardConfig | None = None
