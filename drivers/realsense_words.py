"""What a RealSense driver and the process beside it say to each other.

Apart from both, since pyrealsense2 must not be loaded where ROS may be: its own copy of Fast DDS shares unique symbols
with that of rclpy, of another version, and the process dies when the one frees what the other has written.

To the child goes :class:`FeedSettings`, as JSON on its command line. From it comes one line of JSON, :class:`Hello`,
then for each picture :data:`HEADER`, colour (H, W, 3) and depth (H, W).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = struct.Struct("<qq")  # of a picture: CLOCK_MONOTONIC [ns] when it was sent, and its age then [ns]


@dataclass(frozen=True)
class FeedSettings:
    """What the child is to open, and how."""

    width: int
    height: int
    fps: float
    serial: str | None
    recording: str | None
    controls: dict[str, float]  # by the name of an ``rs.option``
    silence_s: float
    reset: bool  # the device first: it hung before


@dataclass(frozen=True)
class Hello:
    """What the camera says of itself."""

    name: str
    serial: str
    firmware: str | None
    depth_scale_m: float
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
