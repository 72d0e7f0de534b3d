"""Slow, smooth motions of a station's arm through its safety gate, and what was read meanwhile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from robolearn.contracts import ArmCommand, CommandMode, Float, Frame
from robolearn.errors import DeviceError
from robolearn.station import Station

NS = 1_000_000_000
SPEED_SHARE = 0.25  # of the station's joint speeds
SETTLE_S = 0.6
READINGS = 5  # averaged for one pose
MAX_FRAME_S = 2.0


class Stream(NamedTuple):
    """What happened while a motion ran; times on the station's clock, from the start of the motion."""

    start_s: float  # when it started, on the station's clock
    time_s: Float  # (N,) of each command
    command_rad: Float  # (N, J) as executed
    read_time_s: Float  # (N,)
    read_rad: Float  # (N, J)
    frames: dict[str, list[tuple[float, Frame]]]  # of each camera: when it was there, and the frame


class Mover:
    """Moves one arm; every command passes the station's gate."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._period_ns = round(NS / station.config.control_hz)
        self._speed = SPEED_SHARE * np.array(station.config.limits.joint_speed_rad_s)

    def go(self, target_rad: Float) -> Float:
        """Move there and settle; returns the averaged reading (J,) [rad]. Raises DeviceError after a fault."""
        start = self._station.arm.read().joint_position_rad
        duration_s = 1.5 * float((np.abs(target_rad - start) / self._speed).max())
        ticks = max(1, round(duration_s * NS / self._period_ns))
        share = np.arange(1, ticks + 1) / ticks
        path = start + (3 * share**2 - 2 * share**3)[:, None] * (target_rad - start)
        rest = np.repeat(target_rad[None], round(SETTLE_S * NS / self._period_ns), axis=0)
        readings = [self._tick(position)[1] for position in np.concatenate([path, rest])]
        return np.asarray(np.mean(readings[-READINGS:], axis=0))

    def grip(self, opening: float, seconds: float = 1.5) -> float | None:
        """Close or open the gripper where the arm is, and return what it then reads."""
        target = self._station.arm.read().joint_position_rad
        for _ in range(round(seconds * NS / self._period_ns)):
            self._tick(target, opening)
        return self._station.arm.read().gripper_opening

    def look(self, camera: str, hold_rad: Float) -> Frame:
        """A frame that was exposed from now on, while the arm holds. Raises DeviceError if none comes."""
        start_ns = self._station.clock.now_ns()
        while (now_ns := self._station.clock.now_ns()) < start_ns + MAX_FRAME_S * NS:
            frame = self._station.world.cameras[camera].read()
            if frame.stamp_ns > start_ns:
                return frame
            self._tick(hold_rad)
        raise DeviceError(f"camera {camera}: no new frame within {(now_ns - start_ns) / NS:.0f} s")

    def stream(self, path_rad: Float, cameras: tuple[str, ...] = ()) -> Stream:
        """Run a path (N, J), one row a control period, and keep what was commanded, read and seen."""
        start_ns = self._station.clock.now_ns()
        frames: dict[str, list[tuple[float, Frame]]] = {camera: [] for camera in cameras}
        sent, read = [], []
        for position in path_rad:
            for camera, seen in frames.items():
                frame = self._station.world.cameras[camera].read()
                if not seen or frame.stamp_ns > seen[-1][1].stamp_ns:
                    seen.append(((self._station.clock.now_ns() - start_ns) / NS, frame))
            command, reading, stamp_ns = self._tick(position)
            sent.append((command.stamp_ns, command.values))
            read.append((stamp_ns, reading))
        times, commands = (np.array(column, float) for column in zip(*sent, strict=True))
        read_times, readings = (np.array(column, float) for column in zip(*read, strict=True))
        return Stream(start_ns / NS, (times - start_ns) / NS, commands, (read_times - start_ns) / NS, readings, frames)

    def _tick(self, position_rad: Float, opening: float | None = None) -> tuple[ArmCommand, Float, int]:
        """One control period: what was executed, what the arm read before it, and that reading's stamp."""
        clock, arm = self._station.clock, self._station.arm
        state = arm.read()
        now_ns = clock.now_ns()
        done = arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, position_rad, opening))
        clock.sleep_until(now_ns + self._period_ns)
        return done.command, state.joint_position_rad, state.stamp_ns
