"""Where the cube is and what becomes of it, in words: finer than any goal, to tell the mistakes of a judge apart."""

from __future__ import annotations

from enum import Enum

from sim.goals import LIFT_M, STILL_M_S
from sim.scene import Scene

OFF_GROUND_M = 0.005
BESIDE_M = 0.04  # from the inner wall of the bin to the middle of a cube that lies beside it


class Situation(str, Enum):
    """What is the case with the cube."""

    ON_TABLE = "on the table"
    BESIDE_BIN = "beside the bin"
    ON_RIM = "on the rim of the bin"
    FALLING = "loose in the air"
    HELD_LOW = "held close to the table"
    HELD_UP = "held up"
    HELD_OVER_BIN = "held over the bin"
    TOUCHED_IN_BIN = "in the bin and touched by the arm"
    MOVING_IN_BIN = "in the bin and moving"
    RESTING_IN_BIN = "at rest in the bin"


def situation(scene: Scene) -> Situation:
    """What is the case in ``scene`` now."""
    x, y, z = scene.cube_in_bin_frame_m()
    aside = max(abs(x), abs(y)) - Scene.BIN_HALF_M
    height = z - Scene.CUBE_HALF_M
    touched = scene.arm_touches_cube()
    if aside < 0.0 and z <= Scene.BIN_HEIGHT_M:
        moving = scene.cube_speed_m_s() > STILL_M_S
        loose = Situation.MOVING_IN_BIN if moving else Situation.RESTING_IN_BIN
        return Situation.TOUCHED_IN_BIN if touched else loose
    if height < OFF_GROUND_M:
        return Situation.BESIDE_BIN if aside < BESIDE_M else Situation.ON_TABLE
    if touched:
        low = Situation.HELD_UP if height >= LIFT_M else Situation.HELD_LOW
        return Situation.HELD_OVER_BIN if aside < 0.0 else low
    return Situation.ON_RIM if aside < BESIDE_M and height < Scene.BIN_HEIGHT_M else Situation.FALLING
