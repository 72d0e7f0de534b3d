"""What the ``twin`` section of a peg task's YAML says."""

from __future__ import annotations

from dataclasses import dataclass

from sim.config import CellRandomisation, Placement, Range


@dataclass(frozen=True)
class PegRandomisation(CellRandomisation):
    """Range of every draw in the cell of the peg."""

    peg_hue: Range  # 0 red .. 1 red again
    block_hue: Range
    grasp_offset_m: Range  # of the peg in the gripper, along the fingers


@dataclass(frozen=True)
class PegTask:
    """The twin's side of a peg task."""

    block: Placement
    start_joint_position_rad: tuple[float, float, float, float, float, float]
    randomise: PegRandomisation
