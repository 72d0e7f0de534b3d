"""The process beside a RealSense camera: ``python -m drivers.realsense_feed SETTINGS`` writes its pictures to stdout.

librealsense can hang when it is stopped, and takes its process with it when it crashes; so it has one of its own.
What it writes is described in :mod:`drivers.realsense_words`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict

import numpy as np
import pyrealsense2 as rs

from drivers.realsense_words import HEADER, FeedSettings, Hello

RESET_S = 15.0
OLDEST_MS = 2000.0
EPOCH_DOMAINS = (rs.timestamp_domain.system_time, rs.timestamp_domain.global_time)


def main() -> int:
    """Feed until the reader is gone. A fault is the last line on stderr."""
    settings = FeedSettings(**json.loads(sys.argv[1]))
    try:
        feed(settings)
    except BrokenPipeError:
        return 0
    except RuntimeError as error:
        os.write(2, f"{error}\n".encode())
        return 1
    return 0


def feed(settings: FeedSettings) -> None:
    """Start the pipeline and write. Raises RuntimeError as librealsense does, BrokenPipeError when nobody reads."""
    pipeline, config = rs.pipeline(), rs.config()
    if settings.recording is not None:
        config.enable_device_from_file(settings.recording, repeat_playback=True)
    else:
        config.enable_device(present(settings))
    size = settings.width, settings.height
    config.enable_stream(rs.stream.color, *size, rs.format.rgb8, round(settings.fps))
    config.enable_stream(rs.stream.depth, *size, rs.format.z16, round(settings.fps))
    profile = pipeline.start(config)
    set_controls(profile.get_device(), settings.controls)
    write(json.dumps(asdict(hello(profile))).encode() + b"\n")
    align = rs.align(rs.stream.color)
    while True:
        frames = align.process(pipeline.wait_for_frames(round(settings.silence_s * 1e3)))
        colour, depth = frames.get_color_frame(), frames.get_depth_frame()
        if colour and depth:
            write(HEADER.pack(time.monotonic_ns(), age_ns(colour)))
            write(np.ascontiguousarray(colour.get_data()).data)
            write(np.ascontiguousarray(depth.get_data()).data)


def age_ns(frame: rs.video_frame) -> int:
    """How long ago a frame was exposed; 0, as if it were just now, where the camera's clock is not known."""
    if frame.get_frame_timestamp_domain() not in EPOCH_DOMAINS:
        return 0
    age_ms = time.time() * 1e3 - frame.get_timestamp()
    return round(age_ms * 1e6) if 0.0 <= age_ms <= OLDEST_MS else 0


def set_controls(device: rs.device, controls: dict[str, float]) -> None:
    """Set each control of the colour sensor and read it back. Raises RuntimeError if it is not kept."""
    if not controls:
        return
    sensor = device.first_color_sensor()
    for name, value in controls.items():
        option = getattr(rs.option, name)
        if not sensor.supports(option):
            raise RuntimeError(f"this camera has no control {name}; set it to null in the station's file")
        sensor.set_option(option, value)
        kept = sensor.get_option(option)
        if kept != value:
            raise RuntimeError(f"{name}: asked for {value:g}, the camera keeps {kept:g}")


def hello(profile: rs.pipeline_profile) -> Hello:
    """What the started camera is."""
    device = profile.get_device()
    lens = profile.get_stream(rs.stream.color).as_video_stream_profile().get_intrinsics()
    firmware = rs.camera_info.firmware_version
    return Hello(
        device.get_info(rs.camera_info.name),
        device.get_info(rs.camera_info.serial_number),
        device.get_info(firmware) if device.supports(firmware) else None,
        device.first_depth_sensor().get_depth_scale(),
        lens.fx,
        lens.fy,
        lens.ppx,
        lens.ppy,
    )


def present(settings: FeedSettings) -> str:
    """Serial number of the camera that is meant, reset first if need be. Raises RuntimeError if it is not there."""
    context = rs.context()
    if settings.reset:
        reset(context, settings.serial)
    found = serials(context)
    if len(found) > 1 and settings.serial is None:
        raise RuntimeError(f"there is more than one RealSense: give the serial number, one of {', '.join(found)}")
    if not found or settings.serial not in (None, *found):
        wanted = f" with the serial number {settings.serial}" if settings.serial else ""
        raise RuntimeError(f"no RealSense{wanted} on this machine. Plugged in? Here: {', '.join(found) or 'none'}")
    return settings.serial or found[0]


def reset(context: rs.context, serial: str | None) -> None:
    """Restart the device, as after unplugging it, and give it time to come back."""
    for device in context.query_devices():
        if serial in (None, device.get_info(rs.camera_info.serial_number)):
            device.hardware_reset()
    time.sleep(1.0)
    deadline_s = time.monotonic() + RESET_S
    while not serials(context) and time.monotonic() < deadline_s:
        time.sleep(0.2)


def serials(context: rs.context) -> list[str]:
    """Of all cameras on this machine."""
    return [device.get_info(rs.camera_info.serial_number) for device in context.query_devices()]


def write(data: bytes | memoryview) -> None:
    """All of it."""
    left = memoryview(data).cast("B")
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    sys.exit(main())
