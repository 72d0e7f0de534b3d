"""The process that records a virtual RealSense: ``python -m sim.wire.realsense_device SETTINGS`` reads from stdin.

librealsense has a process of its own since it must not be loaded where ROS may be, see :mod:`drivers.realsense_words`.
For each shot come colour (H, W, 3) and depth in steps (H, W), until the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyrealsense2 as rs
from numpy.typing import NDArray

SERIAL = "000000000001"


@dataclass(frozen=True)
class Settings:
    """What is recorded, and where."""

    name: str
    width: int
    height: int
    focal_px: float
    depth_scale_m: float
    fps: int
    path: str


def record(settings: Settings, shots: Iterator[tuple[NDArray[Any], NDArray[Any]]]) -> None:
    """Write a recording; it takes as long as it will play. Raises RuntimeError as librealsense does."""
    device = rs.software_device()
    device.register_info(rs.camera_info.name, settings.name)
    device.register_info(rs.camera_info.serial_number, SERIAL)
    lens = _pinhole(settings)
    colour = Sensor(device, "RGB Camera", rs.stream.color, rs.format.rgb8, 3, lens, settings.fps)
    depth = Sensor(device, "Stereo Module", rs.stream.depth, rs.format.z16, 2, lens, settings.fps)
    depth.sensor.add_read_only_option(rs.option.depth_units, settings.depth_scale_m)
    depth.profile.register_extrinsics_to(colour.profile, _nowhere())
    recorder = rs.recorder(settings.path, device)
    _play(colour, depth, shots, settings.fps)
    recorder.pause()


def read_shots(settings: Settings) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Colour and depth from stdin."""
    pixels = settings.height * settings.width
    while len(data := sys.stdin.buffer.read(5 * pixels)) == 5 * pixels:
        rgb = np.frombuffer(data, np.uint8, 3 * pixels).reshape(settings.height, settings.width, 3)
        steps = np.frombuffer(data, np.uint16, pixels, 3 * pixels).reshape(settings.height, settings.width)
        yield rgb, steps


class Sensor:
    """One sensor of a software device with one stream."""

    def __init__(
        self, device: rs.software_device, name: str, kind: rs.stream, pixels: rs.format, depth: int,
        lens: rs.intrinsics, fps: int,
    ) -> None:  # fmt: skip
        self.sensor = device.add_sensor(name)
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, depth, pixels, depth
        stream.width, stream.height, stream.fps, stream.intrinsics = lens.width, lens.height, fps, lens
        self.profile = self.sensor.add_video_stream(stream)
        self._bytes, self._stride = depth, depth * lens.width

    def send(self, pixels: NDArray[Any], number: int, fps: int) -> None:
        """Deliver one picture."""
        frame = rs.software_video_frame()
        frame.pixels = np.ascontiguousarray(pixels)
        frame.stride, frame.bpp, frame.frame_number = self._stride, self._bytes, number
        frame.timestamp, frame.domain = number * 1e3 / fps, rs.timestamp_domain.hardware_clock
        frame.profile = self.profile.as_video_stream_profile()
        self.sensor.on_video_frame(frame)


def _play(colour: Sensor, depth: Sensor, shots: Iterator[tuple[NDArray[Any], NDArray[Any]]], fps: int) -> None:
    queue = rs.frame_queue(4)
    sensors = colour, depth
    for one in sensors:
        one.sensor.open(one.profile)
        one.sensor.start(queue)
    start_s = time.monotonic()
    for count, (rgb, depth_steps) in enumerate(shots, start=1):
        depth.send(depth_steps, count, fps)
        colour.send(rgb, count, fps)
        time.sleep(max(0.0, start_s + count / fps - time.monotonic()))
    for one in sensors:
        one.sensor.stop()
        one.sensor.close()


def _pinhole(settings: Settings) -> rs.intrinsics:
    pinhole = rs.intrinsics()
    pinhole.width, pinhole.height = settings.width, settings.height
    pinhole.fx = pinhole.fy = settings.focal_px
    pinhole.ppx, pinhole.ppy = settings.width / 2, settings.height / 2
    pinhole.model, pinhole.coeffs = rs.distortion.none, [0.0] * 5
    return pinhole


def _nowhere() -> rs.extrinsics:
    same = rs.extrinsics()
    same.rotation, same.translation = np.eye(3).ravel().tolist(), [0.0] * 3
    return same


if __name__ == "__main__":
    given = Settings(**json.loads(sys.argv[1]))
    record(given, read_shots(given))
