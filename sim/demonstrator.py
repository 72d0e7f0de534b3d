"""A scripted person at the twin: drives through the ``Teleop`` contract, unhurried, imprecise, and tries again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from robolearn.contracts import Float
from robolearn.reference import ActionConfig
from sim.goals import LIFT_M
from sim.person import ScriptedPerson, slowed
from sim.scene import Scene
from sim.world import TwinWorld

GAIN_PER_S = 4.0
REACHED_M = 0.008
HELD_M = 0.03  # a cube further than this from the tool is not in the gripper
OPEN, CLOSED = 0.9, -1.0
OPEN_IN_BIN = 0.15  # wider, and the jaws would stand on the walls
GRASP_HEIGHT_M = 0.016
DROP_HEIGHT_M = 0.055
CARRY_HEIGHT_M = 0.09


class Phase(Enum):
    """Where the person is in the task."""

    HOVER = "hover"
    DESCEND = "descend"
    GRASP = "grasp"
    LIFT = "lift"
    CARRY = "carry"
    LOWER = "lower"
    RELEASE = "release"
    RETREAT = "retreat"


@dataclass(frozen=True)
class Habits:
    """What makes one demonstration differ from another."""

    speed: float  # share of full scale
    aim_error_m: Float  # (3,)
    yaw_error_rad: float
    tremor: float
    pause_probability: float  # per tick
    detour_base_m: Float | None  # a place to pass on the way to the cube
    place_base_m: Float  # where to put a cube down on the table

    @staticmethod
    def draw(rng: np.random.Generator) -> Habits:
        """The habits of one episode."""
        detour = np.array([rng.uniform(0.15, 0.24), rng.uniform(-0.12, 0.12), rng.uniform(0.07, 0.12)])
        return Habits(
            speed=float(rng.uniform(0.45, 0.75)),
            aim_error_m=rng.normal(0.0, [0.003, 0.003, 0.0015]),
            yaw_error_rad=float(rng.normal(0.0, 0.12)),
            tremor=float(rng.uniform(0.03, 0.10)),
            pause_probability=float(rng.uniform(0.0, 0.03)),
            detour_base_m=detour if rng.random() < 0.3 else None,
            place_base_m=np.array([rng.uniform(0.18, 0.24), rng.uniform(-0.10, -0.01), GRASP_HEIGHT_M + 0.004]),
        )


class Demonstrator(ScriptedPerson[TwinWorld]):
    """A person at the cell of the cube."""

    def __init__(self, world: TwinWorld, action: ActionConfig) -> None:
        super().__init__(world, action)
        self._scene = world.scene
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Look at a new episode."""
        super().begin(seed)
        self._rng = np.random.default_rng([seed, 0x7E1E])
        self._habits = Habits.draw(self._rng)
        self._phase = Phase.HOVER
        self._detour = self._habits.detour_base_m
        self._ticks_in_phase = 0
        self._pause_ticks = 0
        self._tremor = np.zeros(4)

    def _drive(self) -> Float:
        self._ticks_in_phase += 1
        self._advance()
        return self._action()

    def _advance(self) -> None:
        """Go to the next phase when this one is done; start over if the cube was lost."""
        if self._phase in (Phase.LIFT, Phase.CARRY, Phase.LOWER) and not self.holds():
            self._enter(Phase.HOVER)
        elif self._done():
            order = list(Phase)
            following = order[min(order.index(self._phase) + 1, len(order) - 1)]
            lifting_is_all = self.world.task.goal == "cube_lifted" and self._phase is Phase.LIFT
            self._enter(self._phase if lifting_is_all else following)

    def _done(self) -> bool:
        if self._phase in (Phase.GRASP, Phase.RELEASE):
            return self._ticks_in_phase >= 4
        if self._phase is Phase.RETREAT:
            return self._ticks_in_phase >= 6 and not self.world.succeeded() and self._restart()
        target, _ = self._target()
        reached = REACHED_M * (2.0 if self._phase in (Phase.HOVER, Phase.CARRY, Phase.LIFT) else 1.0)
        if float(np.linalg.norm(target - self._tool())) > reached:
            return False
        if self._phase is Phase.HOVER and self._detour is not None:
            self._detour = None
            return False
        return True

    def _restart(self) -> bool:
        self._enter(Phase.HOVER)
        return False

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._ticks_in_phase = 0

    def _tool(self) -> Float:
        return np.array(self._scene.data.site_xpos[self._scene.tool_site])

    def _tool_yaw(self) -> float:
        matrix = self._scene.data.site_xmat[self._scene.tool_site]
        return math.atan2(-matrix[1], matrix[4])

    def left_m(self) -> float:
        """Way that is left: to the cube, or with the cube to its goal."""
        cube = self._scene.cube_position_base_m
        if not self.holds():
            return float(np.linalg.norm(cube - self._tool()))
        if self.world.task.goal == "cube_lifted":
            return float(CARRY_HEIGHT_M - cube[2])
        return float(np.linalg.norm(self._goal_position() - cube))

    def holds(self) -> bool:
        """True if the cube is in the gripper."""
        near = float(np.linalg.norm(self._scene.cube_position_base_m - self._tool())) < HELD_M
        return near and self._scene.arm_touches_cube()

    def _target(self) -> tuple[Float, float]:
        """Tool position (3,) [m] to steer to, and the gripper's action value."""
        cube = self._scene.cube_position_base_m + self._habits.aim_error_m
        tool = self._tool()
        if self._phase is Phase.HOVER:
            above = np.array([cube[0], cube[1], max(0.06, cube[2] + 0.045)])
            return (above if self._detour is None else self._detour), self._open()
        if self._phase is Phase.DESCEND:
            return self._above(cube, GRASP_HEIGHT_M + max(0.0, cube[2] - Scene.CUBE_HALF_M)), self._open()
        if self._phase is Phase.GRASP:
            return tool, CLOSED
        if self._phase is Phase.LIFT:
            return np.array([tool[0], tool[1], CARRY_HEIGHT_M + LIFT_M * 0.2]), CLOSED
        goal = self._goal_position()
        if self._phase is Phase.CARRY:
            return self._above(goal, CARRY_HEIGHT_M), CLOSED
        if self._phase is Phase.LOWER:
            return goal, CLOSED
        if self._phase is Phase.RELEASE:
            return tool, self._open()
        return np.array([tool[0], tool[1], CARRY_HEIGHT_M]), OPEN

    def _open(self) -> float:
        x, y, _ = self._scene.cube_in_bin_frame_m()
        return OPEN_IN_BIN if max(abs(x), abs(y)) < Scene.BIN_HALF_M else OPEN

    def _goal_position(self) -> Float:
        if self.world.task.goal == "cube_on_table":
            return self._habits.place_base_m
        return self._above(self._scene.bin_position_base_m + self._habits.aim_error_m * 2.0, DROP_HEIGHT_M)

    @staticmethod
    def _above(position: Float, height_m: float) -> Float:
        return np.array([position[0], position[1], height_m])

    def _action(self) -> Float:
        """Steer with a bounded speed, a trembling hand and pauses."""
        rng, habits = self._rng, self._habits
        target, gripper = self._target()
        self._tremor = 0.7 * self._tremor + rng.normal(0.0, habits.tremor, 4)
        if self._pause_ticks == 0 and rng.random() < habits.pause_probability:
            self._pause_ticks = int(rng.integers(2, 6))
        if self._pause_ticks > 0:
            self._pause_ticks -= 1
            return np.array([0.0, 0.0, 0.0, 0.0, gripper])
        velocity = slowed((target - self._tool()) * GAIN_PER_S / self._config.linear_speed_m_s, habits.speed)
        turn = np.clip(self._turn() * GAIN_PER_S / self._config.yaw_speed_rad_s, -habits.speed, habits.speed)
        driven = np.array([*velocity, turn]) + self._tremor
        return np.append(np.clip(driven, -1.0, 1.0), gripper)

    def _turn(self) -> float:
        """How far the jaws are turned from the nearest pair of the cube's faces [rad]."""
        if self._phase not in (Phase.HOVER, Phase.DESCEND):
            return 0.0
        error = self._scene.cube_yaw_rad + self._habits.yaw_error_rad - self._tool_yaw()
        return math.remainder(error, math.pi / 2)
