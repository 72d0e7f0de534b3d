"""A scripted person at the peg cell: finds the hole with an unsteady hand, and tries again when the peg sticks."""

from __future__ import annotations

import numpy as np

from robolearn.contracts import Float
from robolearn.reference import ActionConfig
from sim.peg.world import PegWorld
from sim.person import ScriptedPerson, slowed

GAIN_PER_S = 2.0
ABOVE_M = 0.012  # of the tip over the rim, while the hand looks for the hole
ALIGNED_M = 0.0015
INSIDE_M = 0.002  # from here on the hole leads
AIM_ERROR_M = 0.0006
GENTLE = 0.25  # share of full speed on the way down
TREMOR = 0.02  # share of full scale
STUCK_TICKS = 6
STUCK_M = 0.001
CLOSED = -1.0


class PegDemonstrator(ScriptedPerson[PegWorld]):
    """A person at the cell of the peg."""

    def __init__(self, world: PegWorld, action: ActionConfig) -> None:
        super().__init__(world, action)
        self._scene = world.scene
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Look at a new episode."""
        super().begin(seed)
        self._rng = np.random.default_rng([seed, 0x9E6])
        self._speed = float(self._rng.uniform(0.35, 0.7))
        self._descending = False
        self._stuck_ticks = 0
        self._lowest_m = np.inf
        self._aim()

    def _drive(self) -> Float:
        tip = self._scene.peg_tip_base_m - self._scene.hole_base_m
        self._watch(tip)
        return self._action(tip)

    def _aim(self) -> None:
        self._error_m = self._rng.normal(0.0, AIM_ERROR_M, 2)

    def _watch(self, tip: Float) -> None:
        """Go down once the tip is over the hole; back up, with a new aim, if it does not get on."""
        if not self._descending:
            self._descending = bool(np.abs(tip[:2] - self._error_m).max() < ALIGNED_M and tip[2] < 2.0 * ABOVE_M)
            self._lowest_m, self._stuck_ticks = float(tip[2]), 0
            return
        if tip[2] < self._lowest_m - STUCK_M:
            self._lowest_m, self._stuck_ticks = float(tip[2]), 0
            return
        self._stuck_ticks += 1
        if self._stuck_ticks > STUCK_TICKS and not self.world.succeeded():
            self._descending = False
            self._aim()

    def _action(self, tip: Float) -> Float:
        """Steer the tip with a bounded speed and a trembling hand; straight down where the hole leads."""
        aside = self._error_m - tip[:2] if tip[2] > -INSIDE_M else np.zeros(2)
        down = -self._config.linear_speed_m_s if self._descending else (ABOVE_M - tip[2]) * GAIN_PER_S
        velocity = np.array([*(aside * GAIN_PER_S), down]) / self._config.linear_speed_m_s
        trembling = slowed(velocity, GENTLE if self._descending else self._speed) + self._rng.normal(0.0, TREMOR, 3)
        return np.array([*np.clip(trembling, -1.0, 1.0), 0.0, CLOSED])
