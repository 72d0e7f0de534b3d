"""A virtual RealSense: a recording, of what a camera sees, that librealsense plays through its real pipeline."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

import mujoco
import numpy as np

from robolearn.contracts import CameraSpec, Float32, Image
from robolearn.errors import DeviceError
from robolearn.task import TaskConfig
from sim.arm import JOINTS
from sim.config import TwinTask
from sim.renderer import ImageNoise
from sim.scene import Scene
from sim.wire.cell import VirtualCell

NAME = "robolearn virtual D435"
DEPTH_SCALE_M = 0.001
FARTHEST_STEP = 65535
NOISE = 2.0  # standard deviation of a pixel, in grey levels


class Lens(NamedTuple):
    """A pinhole without distortion."""

    width: int
    height: int
    focal_px: float


class Shot(NamedTuple):
    """One exposure of both sensors, which look through the same lens."""

    rgb: Image  # (H, W, 3)
    depth_m: Float32  # (H, W); NaN where nothing is measured


def record(shots: Iterable[Shot], lens: Lens, fps: int, path: Path) -> int:
    """Write a recording to ``path`` and return how many shots it holds. It takes as long as it will play.

    Raises DeviceError if ``path`` exists, or does not end in .db3, which librealsense demands."""
    if path.suffix != ".db3" or path.exists():
        raise DeviceError(f"{path}: a RealSense recording needs the name of a new file that ends in .db3")
    settings = {**lens._asdict(), "fps": fps, "path": str(path), "depth_scale_m": DEPTH_SCALE_M, "name": NAME}
    command = [sys.executable, "-m", "sim.wire.realsense_device", json.dumps(settings)]
    count = 0
    child = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2])
    with suppress(BrokenPipeError), child:  # broken: it has ended, and its status says how
        for shot in shots:
            cast(IO[bytes], child.stdin).write(shot.rgb.tobytes() + steps_of(shot.depth_m).tobytes())
            count += 1
    if child.returncode != 0:
        raise DeviceError(f"librealsense did not record {path}: its process ended with status {child.returncode}")
    return count


def steps_of(depth_m: Float32) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Depth as the sensor counts it: millimetres, and 0 where there is none or it is too far."""
    steps = np.rint(np.nan_to_num(depth_m / DEPTH_SCALE_M, nan=0.0, posinf=0.0))
    return np.where((steps >= 0) & (steps <= FARTHEST_STEP), steps, 0).astype(np.uint16)


def shots_of(task: TaskConfig, camera: CameraSpec, seed: int, count: int) -> Iterator[Shot]:
    """What a camera of the twin sees while nobody moves. Raises ConfigError for a camera that the twin has not."""
    cell = VirtualCell(task.twin.read(TwinTask), (camera,))
    cell.reset(seed)
    scene, rng = cell.scene, np.random.default_rng(seed)
    noise = ImageNoise(seed)
    noise.set_level(NOISE)
    with (
        mujoco.Renderer(scene.model, camera.height, camera.width) as colours,
        mujoco.Renderer(scene.model, camera.height, camera.width) as depths,
    ):
        depths.enable_depth_rendering()
        for renderer in (colours, depths):
            renderer.update_scene(scene.data, scene.camera_ids[0])
        rgb, depth_m = colours.render(), depths.render()
        for _ in range(count):
            yield Shot(noise.add(rgb, rng), depth_m)


def lens_of(camera: CameraSpec) -> Lens:
    """The pinhole of a camera of the twin."""
    model = Scene(JOINTS, (camera.name,)).model
    half_angle_rad = math.radians(float(model.camera(camera.name).fovy[0])) / 2
    return Lens(camera.width, camera.height, camera.height / 2 / math.tan(half_angle_rad))
