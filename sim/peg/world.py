"""The peg cell as a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import mujoco
import numpy as np

from robolearn.contracts import CameraSpec
from sim.arm import UR5E, TwinArm
from sim.lockstep import LockStepWorld
from sim.peg.config import PegTask
from sim.peg.scene import PegScene
from sim.ranges import Sampler


@dataclass(frozen=True)
class PegDraws:
    """One draw of everything that a peg task randomises; units as in :mod:`sim.peg.config`."""

    block_position_base_m: tuple[float, float]
    block_yaw_rad: float
    start_joint_position_rad: tuple[float, ...]
    peg_hue: float
    block_hue: float
    table_value: float
    light_level: float
    friction_scale: float
    grasp_offset_m: float
    camera_latency_s: tuple[float, ...]
    arm_latency_s: float
    image_noise: float
    joint_noise_rad: float


def sample(task: PegTask, rng: np.random.Generator, cameras: int) -> PegDraws:
    """Draw once; the same generator state gives the same draws."""
    ranges, draw = task.randomise, Sampler(rng)
    start = draw.near(task.start_joint_position_rad, ranges.start_joint_offset_rad)
    block_xy, block_yaw = draw.place(task.block)
    return PegDraws(
        block_position_base_m=block_xy,
        block_yaw_rad=block_yaw,
        start_joint_position_rad=start,
        peg_hue=draw.one(ranges.peg_hue),
        block_hue=draw.one(ranges.block_hue),
        table_value=draw.one(ranges.table_value),
        light_level=draw.one(ranges.light_level),
        friction_scale=draw.one(ranges.friction_scale),
        grasp_offset_m=draw.one(ranges.grasp_offset_m),
        camera_latency_s=draw.several(ranges.camera_latency_s, cameras),
        arm_latency_s=draw.one(ranges.arm_latency_s),
        image_noise=draw.one(ranges.image_noise),
        joint_noise_rad=draw.one(ranges.joint_noise_rad),
    )


class PegWorld(LockStepWorld):
    """Implements ``World``. An episode starts with the peg in the closed gripper, above the block."""

    def __init__(self, cameras: Sequence[CameraSpec], control_hz: float, task: PegTask) -> None:
        self.scene = PegScene()
        self.task = task
        arm = TwinArm(self.scene, control_hz, UR5E, self.scene.wrench_tool)
        super().__init__(self.scene, arm, cameras)

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Draw a start state from ``seed``, let it settle, and return the draws."""
        rng = np.random.default_rng(seed)
        drawn = sample(self.task, rng, len(self.cameras))
        scene = self.scene
        mujoco.mj_resetData(scene.model, scene.data)
        scene.paint(drawn.peg_hue, drawn.block_hue, drawn.table_value, drawn.light_level)
        scene.scale_friction(drawn.friction_scale)
        scene.place_block(*drawn.block_position_base_m, drawn.block_yaw_rad)
        scene.place_arm(np.array(drawn.start_joint_position_rad), drawn.grasp_offset_m)
        self.arm.begin(drawn.arm_latency_s, drawn.joint_noise_rad, rng, opening=0.0)
        self._settle()
        self._expose(drawn.image_noise, drawn.camera_latency_s, rng)
        return asdict(drawn)

    def succeeded(self) -> bool:
        """Ground truth of the task."""
        return self.scene.inserted()
