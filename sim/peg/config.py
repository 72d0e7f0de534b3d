"""What the ``twin`` section of a peg task's YAML says."""

from __future__ import annotations

from dataclasses import dataclass

from sim.config import Placement, Range


@dataclass(frozen=True)
class PegRandomisation:
    """Range of every draw; a fixed quantity is a range of equal ends."""

    peg_hue: Range  # 0 red .. 1 red again
    block_hue: Range
    table_value: Range  # brightness of the table, 0 .. 1
    light_level: Range
    friction_scale: Range
    grasp_offset_m: Range  # of the peg in the gripper, along the fingers
    start_joint_offset_rad: Range  # of each joint
    camera_latency_s: Range
    arm_latency_s: Range
    image_noise: Range  # standard deviation, 0 .. 255
    joint_noise_rad: Range  # standard deviation


@dataclass(frozen=True)
class PegTask:
    """The twin's side of a peg task."""

    block: Placement
    start_joint_position_rad: tuple[float, float, float, float, float, float]
    randomise: PegRandomisation
