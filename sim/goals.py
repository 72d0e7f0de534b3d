"""Ground truth of the tasks, for evaluation and for labels of the scripted person; learning code never sees it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.scene import Scene

LIFT_M = 0.05
STILL_M_S = 0.05


def cube_lifted(scene: Scene) -> bool:
    """The gripper holds the cube at least LIFT_M above where it rested."""
    height = scene.data.xpos[scene.cube_body][2] - Scene.CUBE_HALF_M
    return bool(height >= LIFT_M) and scene.arm_touches_cube()


def cube_in_bin(scene: Scene) -> bool:
    """The cube lies still inside the bin, and the arm has let go of it."""
    x, y, z = scene.cube_in_bin_frame_m()
    inside = max(abs(x), abs(y)) <= Scene.BIN_HALF_M - 0.8 * Scene.CUBE_HALF_M and z <= Scene.BIN_HEIGHT_M
    return bool(inside) and scene.cube_speed_m_s() <= STILL_M_S and not scene.arm_touches_cube()


def cube_on_table(scene: Scene) -> bool:
    """The cube lies still on the table beside the bin, and the arm has let go of it."""
    x, y, _ = scene.cube_in_bin_frame_m()
    beside = max(abs(x), abs(y)) >= Scene.BIN_HALF_M + Scene.CUBE_HALF_M
    low = bool(np.abs(scene.data.xpos[scene.cube_body][2] - Scene.CUBE_HALF_M) <= 0.4 * Scene.CUBE_HALF_M)
    return bool(beside) and low and scene.cube_speed_m_s() <= STILL_M_S and not scene.arm_touches_cube()


GOALS: dict[str, Callable[[Scene], bool]] = {
    "cube_lifted": cube_lifted,
    "cube_in_bin": cube_in_bin,
    "cube_on_table": cube_on_table,
}
