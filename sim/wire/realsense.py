"""A virtual RealSense: a recording, of what a camera sees, that librealsense plays through its real pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import mujoco
import numpy as np
import pyrealsense2 as rs

from robolearn.contracts import CameraSpec, Float32, Image
from robolearn.errors import DeviceError
from robolearn.task import TaskConfig
from sim.arm import JOINTS
from sim.config import TwinTask
from sim.renderer import ImageNoise
from sim.scene import Scene
from sim.wire.cell import VirtualCell

NAME, SERIAL = "robolearn virtual D435", "000000000001"
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
    device = rs.software_device()
    device.register_info(rs.camera_info.name, NAME)
    device.register_info(rs.camera_info.serial_number, SERIAL)
    colour = _Sensor(device, "RGB Camera", rs.stream.color, rs.format.rgb8, 3, lens, fps)
    depth = _Sensor(device, "Stereo Module", rs.stream.depth, rs.format.z16, 2, lens, fps)
    depth.sensor.add_read_only_option(rs.option.depth_units, DEPTH_SCALE_M)
    depth.profile.register_extrinsics_to(colour.profile, _nowhere())
    recorder = rs.recorder(str(path), device)
    count = _run(colour, depth, shots, fps)
    recorder.pause()
    return count


def steps_of(depth_m: Float32) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Depth as the sensor counts it: millimetres, and 0 where there is none or it is too far."""
    steps = np.rint(np.nan_to_num(depth_m / DEPTH_SCALE_M, nan=0.0, posinf=0.0))
    return np.where((steps >= 0) & (steps <= FARTHEST_STEP), steps, 0).astype(np.uint16)


class _Sensor:
    """One sensor of a software device with one stream."""

    def __init__(
        self, device: rs.software_device, name: str, kind: rs.stream, pixels: rs.format, depth: int, lens: Lens,
        fps: int,
    ) -> None:  # fmt: skip
        self.sensor = device.add_sensor(name)
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, depth, pixels, depth
        stream.width, stream.height, stream.fps, stream.intrinsics = lens.width, lens.height, fps, _pinhole(lens)
        self.profile = self.sensor.add_video_stream(stream)
        self._bytes, self._stride = depth, depth * lens.width

    def send(self, pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]], number: int, fps: int) -> None:
        """Deliver one picture."""
        frame = rs.software_video_frame()
        frame.pixels = np.ascontiguousarray(pixels)
        frame.stride, frame.bpp, frame.frame_number = self._stride, self._bytes, number
        frame.timestamp, frame.domain = number * 1e3 / fps, rs.timestamp_domain.hardware_clock
        frame.profile = self.profile.as_video_stream_profile()
        self.sensor.on_video_frame(frame)


def _run(colour: _Sensor, depth: _Sensor, shots: Iterable[Shot], fps: int) -> int:
    queue = rs.frame_queue(4)
    sensors = colour, depth
    for one in sensors:
        one.sensor.open(one.profile)
        one.sensor.start(queue)
    start_s = time.monotonic()
    count = 0
    for count, shot in enumerate(shots, start=1):
        depth.send(steps_of(shot.depth_m), count, fps)
        colour.send(shot.rgb, count, fps)
        time.sleep(max(0.0, start_s + count / fps - time.monotonic()))
    for one in sensors:
        one.sensor.stop()
        one.sensor.close()
    return count


def _pinhole(lens: Lens) -> rs.intrinsics:
    pinhole = rs.intrinsics()
    pinhole.width, pinhole.height = lens.width, lens.height
    pinhole.fx = pinhole.fy = lens.focal_px
    pinhole.ppx, pinhole.ppy = lens.width / 2, lens.height / 2
    pinhole.model, pinhole.coeffs = rs.distortion.none, [0.0] * 5
    return pinhole


def _nowhere() -> rs.extrinsics:
    same = rs.extrinsics()
    same.rotation, same.translation = np.eye(3).ravel().tolist(), [0.0] * 3
    return same


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
