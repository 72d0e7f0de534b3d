"""A scripted person to whom mishaps happen: they show a judge of success what a careful person never shows."""

from __future__ import annotations

from enum import Enum

import numpy as np

from robolearn.actions import GRIPPER
from robolearn.contracts import Float, TeleopReading
from robolearn.reference import ActionConfig
from sim.demonstrator import GRASP_HEIGHT_M, Demonstrator
from sim.goals import cube_on_table
from sim.scene import Scene
from sim.world import TwinWorld

SLIP_PROBABILITY = 0.06  # per tick in which the cube is off the table
SLIP_TICKS = 6
TREMBLING = 0.3  # standard deviation, share of full scale
BESIDE_BIN_M = (0.070, 0.095)  # from its middle


class Mishap(str, Enum):
    """What goes wrong in an episode."""

    NONE = "none"
    SLIP = "the gripper opens while it carries"
    TREMOR = "the hand trembles"
    MISPLACE = "the cube is put down beside the bin"


MISHAPS = {
    "cube_lifted": {Mishap.NONE: 0.5, Mishap.SLIP: 0.3, Mishap.TREMOR: 0.2},
    "cube_in_bin": {Mishap.NONE: 0.4, Mishap.SLIP: 0.3, Mishap.TREMOR: 0.1, Mishap.MISPLACE: 0.2},
    "cube_on_table": {Mishap.NONE: 0.5, Mishap.SLIP: 0.3, Mishap.TREMOR: 0.2},
}


class ClumsyDemonstrator(Demonstrator):
    """A demonstrator with one mishap an episode, drawn anew by :meth:`begin`; afterwards the person tries again."""

    def __init__(self, world: TwinWorld, action: ActionConfig) -> None:
        self.mishap = Mishap.NONE
        super().__init__(world, action)

    def begin(self, seed: int) -> None:
        """Look at a new episode."""
        super().begin(seed)
        rng = np.random.default_rng([seed, 0xC1])
        shares = MISHAPS[self.world.task.goal]
        self.mishap = list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]
        self._luck = rng
        self._open_ticks: int | None = None  # left of a slip; None before it
        self._misplaces = self.mishap is Mishap.MISPLACE
        self._spot_m = _beside_bin(self._scene, rng) if self._misplaces else np.zeros(3)

    def read(self) -> TeleopReading:
        """What the person means to do, and what goes wrong with it."""
        reading = super().read()
        if self._misplaces and cube_on_table(self._scene) and self._near_spot():
            self._misplaces = False
        action = reading.action.copy()
        if self.mishap is Mishap.TREMOR:
            action[:GRIPPER] += self._luck.normal(0.0, TREMBLING, GRIPPER).astype(np.float32)
        if self.mishap is Mishap.SLIP and self._slips():
            action[GRIPPER] = 1.0
        return reading._replace(action=np.clip(action, -1.0, 1.0))

    def _goal_position(self) -> Float:
        return self._spot_m if self._misplaces else super()._goal_position()

    def _near_spot(self) -> bool:
        return float(np.linalg.norm((self._scene.cube_position_base_m - self._spot_m)[:2])) < 0.03

    def _slips(self) -> bool:
        """True while the fingers are open by mishap: it begins at a random tick of carrying, and happens once."""
        if self._open_ticks is None:
            carrying = self._scene.arm_touches_cube() and self._scene.cube_position_base_m[2] > 2 * Scene.CUBE_HALF_M
            if carrying and self._luck.random() < SLIP_PROBABILITY:
                self._open_ticks = SLIP_TICKS
        if not self._open_ticks:
            return False
        self._open_ticks -= 1
        return True


def _beside_bin(scene: Scene, rng: np.random.Generator) -> Float:
    """A spot (3,) [m] on the table at one of the two sides of the bin that the arm reaches best."""
    distance = float(rng.uniform(*BESIDE_BIN_M))
    along = float(rng.uniform(-0.03, 0.03))
    offset = (along, -distance) if rng.random() < 0.7 else (-distance, along)
    x, y, _ = scene.bin_position_base_m
    return np.array([max(x + offset[0], 0.13), y + offset[1], GRASP_HEIGHT_M + 0.004])
