"""Random draws of an episode: sampled from a seed, stored with the episode, applied to the compiled model."""

from __future__ import annotations

import colorsys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from robolearn.contracts import Float
from sim.config import TwinTask
from sim.ranges import Sampler
from sim.scene import Scene


@dataclass(frozen=True)
class Draws:
    """One draw of everything that a task randomises; units as in :mod:`sim.config`."""

    cube_position_base_m: tuple[float, ...]
    cube_yaw_rad: float
    bin_position_base_m: tuple[float, ...]
    bin_yaw_rad: float
    start_joint_position_rad: tuple[float, ...]
    cube_hue: float
    bin_hue: float
    table_value: float
    light_level: float
    light_offset_m: tuple[float, ...]
    camera_offset_m: tuple[tuple[float, ...], ...]
    camera_tilt_rad: tuple[tuple[float, ...], ...]
    friction_scale: float
    cube_mass_kg: float
    camera_latency_s: tuple[float, ...]
    arm_latency_s: float
    image_noise: float
    joint_noise_rad: float

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return asdict(self)


def sample(task: TwinTask, rng: np.random.Generator, cameras: int) -> Draws:
    """Draw once; the same generator state gives the same draws."""
    ranges, draw = task.randomise, Sampler(rng)
    bin_xy, bin_yaw = draw.place(task.bin)
    cube_xy, cube_yaw = _place_cube(task, draw, bin_xy)
    start = draw.near(task.start_joint_position_rad, ranges.start_joint_offset_rad)
    return Draws(
        cube_position_base_m=(*cube_xy, Scene.CUBE_HALF_M + (0.003 if task.cube is None else 0.0)),
        cube_yaw_rad=cube_yaw,
        bin_position_base_m=(*bin_xy, 0.0),
        bin_yaw_rad=bin_yaw,
        start_joint_position_rad=start,
        cube_hue=draw.one(ranges.cube_hue) % 1.0,
        bin_hue=draw.one(ranges.bin_hue) % 1.0,
        table_value=draw.one(ranges.table_value),
        light_level=draw.one(ranges.light_level),
        light_offset_m=draw.several(ranges.light_offset_m, 3),
        camera_offset_m=tuple(draw.several(ranges.camera_offset_m, 3) for _ in range(cameras)),
        camera_tilt_rad=tuple(draw.several(ranges.camera_tilt_rad, 3) for _ in range(cameras)),
        friction_scale=draw.one(ranges.friction_scale),
        cube_mass_kg=draw.one(ranges.cube_mass_kg),
        camera_latency_s=draw.several(ranges.camera_latency_s, cameras),
        arm_latency_s=draw.one(ranges.arm_latency_s),
        image_noise=draw.one(ranges.image_noise),
        joint_noise_rad=draw.one(ranges.joint_noise_rad),
    )


def _place_cube(task: TwinTask, draw: Sampler, bin_xy: tuple[float, float]) -> tuple[tuple[float, float], float]:
    """On the table where the task says, or somewhere on the floor of the bin."""
    if task.cube is not None:
        return draw.place(task.cube)
    reach = Scene.BIN_HALF_M - 2.0 * Scene.CUBE_HALF_M
    dx, dy = draw.several((-reach, reach), 2)
    return (bin_xy[0] + dx, bin_xy[1] + dy), draw.one((-np.pi / 4, np.pi / 4))


def apply(draws: Draws, scene: Scene) -> None:
    """Write the draws into the scene's model and data; call on a freshly reset scene."""
    model, data = scene.model, scene.data
    data.qpos[scene.cube_qpos : scene.cube_qpos + 3] = draws.cube_position_base_m
    data.qpos[scene.cube_qpos + 3 : scene.cube_qpos + 7] = _yaw_quaternion(draws.cube_yaw_rad)
    data.mocap_pos[0] = draws.bin_position_base_m
    data.mocap_quat[0] = _yaw_quaternion(draws.bin_yaw_rad)
    model.geom_rgba[scene.cube_geom, :3] = colorsys.hsv_to_rgb(draws.cube_hue, 0.85, 0.85)
    model.geom_rgba[scene.bin_geoms, :3] = colorsys.hsv_to_rgb(draws.bin_hue, 0.6, 0.75)
    model.geom_rgba[scene.table_geom, :3] = np.array([1.0, 0.93, 0.82]) * draws.table_value
    model.light_diffuse[0] = draws.light_level
    model.light_pos[0] = scene.nominal.light_pos + draws.light_offset_m
    for index, (offset, tilt) in enumerate(zip(draws.camera_offset_m, draws.camera_tilt_rad, strict=True)):
        camera = scene.camera_ids[index]
        model.cam_pos[camera] = scene.nominal.cam_pos[camera] + offset
        model.cam_quat[camera] = _tilted(scene.nominal.cam_quat[camera], np.array(tilt))
    model.geom_friction[:] = scene.nominal.geom_friction
    model.geom_friction[:, 0] *= draws.friction_scale
    ratio = draws.cube_mass_kg / scene.nominal.cube_mass_kg
    model.body_mass[scene.cube_body] = draws.cube_mass_kg
    model.body_inertia[scene.cube_body] = scene.nominal.cube_inertia * ratio


def _yaw_quaternion(yaw_rad: float) -> Float:
    return np.array([np.cos(yaw_rad / 2), 0.0, 0.0, np.sin(yaw_rad / 2)])


def _tilted(quaternion_wxyz: Float, tilt_rad: Float) -> Float:
    """Rotate about the camera's own axes by small angles (3,) [rad]."""
    w, x, y, z = quaternion_wxyz
    half = np.concatenate(([1.0], tilt_rad / 2))
    product = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]]) @ half
    return np.asarray(product / np.linalg.norm(product))
