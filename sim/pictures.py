"""Pictures of the twin with generated captions, to train the small image tower that ships for it.

Every sample is a fresh draw of a scene: an arm in any reachable pose, and a cube on the table, in the gripper, in the
bin, or falling there. Seeds come from their own range, which no demonstration, practice or evaluation uses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import mujoco
import numpy as np

from robolearn.contracts import CameraSpec, Float, Image
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.reference import tool_rotation, tool_yaw
from sim import draws
from sim.arm import JOINTS
from sim.config import Placement, TwinTask
from sim.goals import LIFT_M
from sim.renderer import ImageNoise, SceneRenderer
from sim.scene import Scene

FIRST_SEED = 2_000_000_000
NEAR_M = 0.02  # metric labels are asinh(distance / NEAR_M): sharp near the gripper, coarse far away
STATES = (
    "the cube lies on the table",
    "the cube lies in the bin",
    "the gripper holds the cube close to the table",
    "the gripper holds the cube up in the air",
    "the gripper holds the cube above the bin",
    "the cube is loose in the air",
)


class Sample(NamedTuple):
    """One scene: a picture of each camera, what is the case, a caption, and metric labels of each camera."""

    pictures: tuple[Image, ...]
    state: int  # index into STATES
    caption: str
    metric: tuple[Float, ...]  # per camera


class PictureBook:
    """Draws scenes of ``task`` far beyond where the task itself would start."""

    sentences = STATES

    def __init__(self, cameras: Sequence[CameraSpec], task: TwinTask, tool_pitch_rad: float) -> None:
        self._cameras = tuple(cameras)
        self._scene = Scene(JOINTS, tuple(camera.name for camera in cameras))
        self._renderer = SceneRenderer(self._scene)
        for camera in cameras:
            self._renderer.prepare(camera.width, camera.height)
        self._noise = ImageNoise(seed=1)
        self._noise.set_level(float(np.mean(task.randomise.image_noise)))
        self._kinematics = Kinematics(description("so101"), JOINTS)
        self._pitch = tool_pitch_rad
        self._task = replace(
            task,
            cube=Placement(x_m=(0.13, 0.29), y_m=(-0.16, 0.08), yaw_rad=(-math.pi, math.pi)),
            bin=Placement(x_m=(0.18, 0.23), y_m=(0.11, 0.15), yaw_rad=(-0.2, 0.2)),
        )

    def sample(self, index: int) -> Sample:
        """Sample number ``index``; the same number gives the same sample."""
        rng = np.random.default_rng(FIRST_SEED + index)
        drawn = draws.sample(self._task, rng, len(self._cameras))
        scene = self._scene
        mujoco.mj_resetData(scene.model, scene.data)
        draws.apply(drawn, scene)
        mujoco.mj_forward(scene.model, scene.data)
        (self._loose, self._held, self._binned)[rng.choice(3, p=(0.45, 0.27, 0.28))](rng)
        mujoco.mj_forward(scene.model, scene.data)
        pictures = tuple(self._picture(number, rng) for number in range(len(self._cameras)))
        state = self._state()
        return Sample(pictures, state, self._caption(state, rng), self._metric())

    def close(self) -> None:
        """Free the OpenGL contexts."""
        self._renderer.close()

    def _picture(self, number: int, rng: np.random.Generator) -> Image:
        camera = self._cameras[number]
        rgb = self._renderer.render(self._scene.camera_ids[number], camera.width, camera.height)
        return self._noise.add(rgb, rng)

    def _loose(self, rng: np.random.Generator) -> None:
        """The cube lies on the table; the gripper is anywhere, mostly near the cube."""
        cube = self._scene.cube_position_base_m
        spread = 0.10 if rng.random() < 0.35 else 0.025
        height = 0.014 + 0.09 * rng.random() ** 1.5
        self._pose_arm(np.array([*(cube[:2] + rng.normal(0.0, spread, 2)), height]), float(rng.random()), rng)
        self._run(int(rng.integers(5, 60)))

    def _held(self, rng: np.random.Generator) -> None:
        """The gripper holds the cube anywhere in the workspace."""
        scene = self._scene
        over_bin = rng.random() < 0.35
        spot = scene.bin_position_base_m[:2] + rng.normal(0.0, 0.03, 2)
        xy = spot if over_bin else np.array([rng.uniform(0.15, 0.27), rng.uniform(-0.15, 0.12)])
        self._pose_arm(np.array([*xy, rng.uniform(0.05 if over_bin else 0.014, 0.11)]), 0.5, rng)
        scene.data.qpos[scene.cube_qpos : scene.cube_qpos + 3] = self._tool() + rng.normal(0.0, 0.003, 3)
        yaw = self._yaw() + rng.normal(0.0, 0.1)
        scene.data.qpos[scene.cube_qpos + 3 : scene.cube_qpos + 7] = [
            math.cos(yaw / 2),
            0,
            0,
            math.sin(yaw / 2),
        ]
        gravity = scene.model.opt.gravity.copy()
        scene.model.opt.gravity[:] = 0.0
        self._grip(0.0)
        self._run(150)
        scene.model.opt.gravity[:] = gravity
        self._run(20)

    def _binned(self, rng: np.random.Generator) -> None:
        """The cube has been dropped into, onto the rim of, or beside the bin."""
        scene = self._scene
        spread = Scene.BIN_HALF_M * (0.55 if rng.random() < 0.75 else 1.3)
        drop = scene.bin_position_base_m + np.array([*rng.uniform(-spread, spread, 2), rng.uniform(0.016, 0.06)])
        scene.data.qpos[scene.cube_qpos : scene.cube_qpos + 3] = drop
        near = rng.random() < 0.6
        xy = (
            drop[:2] + rng.normal(0.0, 0.02, 2)
            if near
            else np.array([rng.uniform(0.14, 0.27), rng.uniform(-0.15, 0.15)])
        )
        self._pose_arm(np.array([*xy, rng.uniform(0.05, 0.11)]), float(rng.uniform(0.25, 1.0)), rng)
        self._run(int(rng.choice((20, 80, 250))))

    def _pose_arm(self, tool_base_m: Float, opening: float, rng: np.random.Generator) -> None:
        scene, kinematics = self._scene, self._kinematics
        target = np.clip(tool_base_m, (0.125, -0.165, 0.013), (0.285, 0.195, 0.11))
        x, y = target[:2] - kinematics.pan_axis_base_m
        azimuth = math.atan2(y, x)
        rotation = tool_rotation(azimuth, self._pitch + rng.normal(0.0, 0.02), azimuth - rng.uniform(-0.9, 0.9))
        joints = np.array(self._task.start_joint_position_rad)
        for _ in range(12):
            joints = kinematics.follow(joints, target, rotation, 0.02)
        low, high = scene.model.actuator_ctrlrange[scene.joint_ctrl].T
        scene.data.qpos[scene.joint_qpos] = np.clip(joints, low, high)
        scene.data.ctrl[scene.joint_ctrl] = scene.data.qpos[scene.joint_qpos]
        low, high = scene.gripper_range_rad
        scene.data.qpos[scene.gripper_qpos] = low + (0.05 + 0.5 * opening) * (high - low)
        self._grip(0.05 + 0.5 * opening)
        mujoco.mj_forward(scene.model, scene.data)

    def _grip(self, opening: float) -> None:
        low, high = self._scene.gripper_range_rad
        self._scene.data.ctrl[self._scene.gripper_ctrl] = low + opening * (high - low)

    def _run(self, steps: int) -> None:
        mujoco.mj_step(self._scene.model, self._scene.data, steps)

    def _tool(self) -> Float:
        return np.array(self._scene.data.site_xpos[self._scene.tool_site])

    def _yaw(self) -> float:
        return tool_yaw(self._scene.data.site_xmat[self._scene.tool_site].reshape(3, 3))

    def _holds(self) -> bool:
        scene = self._scene
        near = float(np.linalg.norm(scene.cube_position_base_m - self._tool())) < 0.025
        closed = scene.data.actuator_force[scene.gripper_ctrl] < -0.05
        return bool(near and closed and scene.arm_touches_cube())

    def _state(self) -> int:
        scene = self._scene
        x, y, z = scene.cube_in_bin_frame_m()
        over_bin = max(abs(x), abs(y)) < Scene.BIN_HALF_M
        height = z - Scene.CUBE_HALF_M
        if self._holds() and height > 0.004:
            if over_bin:
                return 4
            return 3 if height >= LIFT_M else 2
        if over_bin and z <= Scene.BIN_HEIGHT_M:
            return 1
        return 0 if height < 0.01 else 5

    def _caption(self, state: int, rng: np.random.Generator) -> str:
        """What is the case, and some of where things are, in words."""
        x, y, z = self._relative(self._scene.cube_position_base_m)
        opening = self._scene.data.qpos[self._scene.gripper_qpos]
        details = [
            f"the cube is {_centimetres(x)} {'ahead of' if x > 0 else 'behind'} the tool",
            f"the cube is {_centimetres(y)} to the {'left' if y > 0 else 'right'} of the tool",
            f"the tool is {_centimetres(z)} {'below' if z > 0 else 'above'} the cube",
            f"the gripper is {'closed' if opening < 0.15 else 'half open' if opening < 0.5 else 'wide open'}",
        ]
        chosen = rng.permutation(len(details))[: int(rng.integers(0, 4))]
        return ", ".join([STATES[state], *(details[int(number)] for number in chosen)])

    def _relative(self, point_base_m: Float) -> Float:
        """A point (3,) [m] seen from the tool, in axes turned with the tool's yaw."""
        dx, dy, dz = point_base_m - self._tool()
        cos, sin = math.cos(self._yaw()), math.sin(self._yaw())
        return np.array([cos * dx + sin * dy, cos * dy - sin * dx, dz])

    def _metric(self) -> tuple[Float, ...]:
        """Labels of each camera: the wrist sees things from the tool, any other camera from the base."""
        scene = self._scene
        cube, bin_, tool = scene.cube_position_base_m, scene.bin_position_base_m, self._tool()
        holds, opening = float(self._holds()), float(scene.data.qpos[scene.gripper_qpos])
        facing = scene.cube_yaw_rad - self._yaw()
        common = [holds, float(self._state() == 1), opening, math.cos(4 * facing), math.sin(4 * facing)]
        seen = np.arcsinh(np.concatenate([self._relative(cube), self._relative(bin_)[:2]]) / NEAR_M)
        placed = np.concatenate([cube / 0.05, tool / 0.05, bin_[:2] / 0.03, np.arcsinh((cube - tool) / NEAR_M)])
        from_tool = np.array([*seen, *common])
        from_base = np.array([*placed, *scene.cube_in_bin_frame_m() / 0.05, *common])
        return tuple(from_tool if camera.name == "wrist" else from_base for camera in self._cameras)


def _centimetres(distance_m: float) -> str:
    return f"{round(abs(distance_m) * 100)} cm"
