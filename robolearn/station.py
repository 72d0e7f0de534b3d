"""A cell: one arm behind its safety gate, cameras and a clock, stepped at the policy's rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from robolearn.actions import ACTION_NAMES
from robolearn.config import Key, Section
from robolearn.contracts import (
    Action,
    Arm,
    ArmCommand,
    ArmState,
    ArraySpec,
    Camera,
    CameraSpec,
    CommandMode,
    Float32,
    Frame,
    Observation,
    StepResult,
    World,
    check_age,
)
from robolearn.errors import BorderError, ConfigError
from robolearn.kinematics import Kinematics
from robolearn.limits import Limits
from robolearn.reference import ActionConfig, ToolReference
from robolearn.safety import Gate
from robolearn.sight import Sight
from robolearn.true_zeros import with_true_zeros
from robolearn.watchdog import Watchdog

NS = 1_000_000_000


@dataclass(frozen=True)
class Crop:
    """The part of each picture that is used; ``x`` and ``y`` are its left upper corner, from that of the picture."""

    x: Annotated[int, Key("columns left out on the left [px]", low=0)]
    y: Annotated[int, Key("rows left out at the top [px]", low=0)]
    width: Annotated[int, Key("[px]", low=1)]
    height: Annotated[int, Key("[px]", low=1)]


@dataclass(frozen=True)
class CameraConfig:
    """One camera of a station: what it delivers, and what of it is learned from."""

    width: Annotated[int, Key("of the picture [px]", low=1, high=16384)]
    height: Annotated[int, Key("of the picture [px]", low=1, high=16384)]
    fps: Annotated[float, Key("pictures per second [1/s]", low=0.1, high=1000.0)]
    crop: Crop | None = None  # all

    def __post_init__(self) -> None:
        """Raise ConfigError for a part that is not within the picture."""
        crop = self.crop
        if crop is not None and (crop.x + crop.width > self.width or crop.y + crop.height > self.height):
            raise ConfigError(f"crop: {crop} does not lie within a picture of {self.width} x {self.height}")

    @property
    def used_shape(self) -> tuple[int, int]:
        """Height and width of what is used [px]."""
        return (self.height, self.width) if self.crop is None else (self.crop.height, self.crop.width)

    def used(self, frame: Frame) -> Frame:
        """``frame`` without what is not used."""
        crop = self.crop
        if crop is None:
            return frame
        part = frame.rgb[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
        return Frame(frame.stamp_ns, np.ascontiguousarray(part))


@dataclass(frozen=True)
class StationConfig:
    """One file of ``configs/stations``."""

    name: str
    backend: str
    description: str
    joint_names: tuple[str, ...]
    policy_hz: Annotated[float, Key("actions per second [1/s]", low=0.1, high=1000.0)]
    control_hz: Annotated[float, Key("commands to the arm per second [1/s]", low=0.1, high=10000.0)]
    max_reading_age_s: Annotated[float, Key("an older reading is refused [s]", low=0.001, high=10.0)]
    cameras: Mapping[str, CameraConfig]
    action: ActionConfig
    limits: Limits
    calibration: str | None = None  # folder of its calibrations; doctor says if one is missing or stale
    devices: Section | None = None  # what the station is made of; the drivers backend reads it

    def camera_specs(self) -> tuple[CameraSpec, ...]:
        """Specs in the order of the file."""
        return tuple(
            CameraSpec(name, camera.width, camera.height, camera.fps, f"{name}_camera")
            for name, camera in self.cameras.items()
        )


class Station:
    """Steps a world at the policy's rate: observe, act, observe, ... Nothing moves but through :meth:`act`."""

    def __init__(self, config: StationConfig, world: World, kinematics: Kinematics) -> None:
        """Raises ConfigError if the world has not what the station's file says."""
        self.config = config
        self.world = world
        self.clock = world.clock
        if len(world.arms) != 1 or set(world.cameras) != set(config.cameras):
            raise ConfigError(
                f"station {config.name} needs one arm and the cameras {sorted(config.cameras)}, the {config.backend} "
                f"backend offers the arms {sorted(world.arms)} and the cameras {sorted(world.cameras)}"
            )
        (arm,) = world.arms.values()
        if config.backend != "ros":  # there the arm's node tells true angles
            arm = with_true_zeros(arm, config.name, config.calibration, kinematics)
        self.arm = Gate(arm, config.limits, kinematics, world.clock)
        self._watchdog = Watchdog(self.arm, config.limits.watchdog_s / 2)
        self._reference = ToolReference(config.action, config.limits, kinematics.another())  # no watchdog's business
        self._ticks = _whole("control_hz / policy_hz", config.control_hz / config.policy_hz)
        self._period_ns = round(NS / config.control_hz)
        self._max_age_ns = round(config.max_reading_age_s * NS)
        self._tick = 0
        self._due_ns = 0  # of the next command
        self._sight = Sight()
        self.action_spec = ArraySpec.of("action", "share of full scale", [-1.0] * len(ACTION_NAMES), 1.0)
        self.proprio_dim = 2 * len(config.joint_names) + 6

    def connect(self) -> None:
        """Open every device; if one fails, close those already open. Raises DeviceError."""
        devices: list[Arm | Camera] = [self.arm, *self.world.cameras.values()]
        with ExitStack() as undo:
            for device in devices:
                device.connect()
                undo.callback(device.close)
            undo.pop_all()
        if self.config.backend == "drivers":  # a twin stands still with its program; over ROS the gate is a process
            self._watchdog.start()

    def close(self) -> None:
        """Release every device; may be called twice."""
        self._watchdog.close()
        devices: list[Arm | Camera] = [self.arm, *self.world.cameras.values()]
        for device in devices:
            device.close()
        self.world.close()

    def reset(self, seed: int) -> Mapping[str, object]:
        """Bring the cell to a start state and return the draws behind it; the arm is re-armed by this explicit act.

        Meanwhile, while a person is asked perhaps, the arm holds still where it is."""
        self.arm.hold()
        drawn = self.world.reset(seed)
        self.arm.rearm()
        self.start_from_here()
        self._sight.reset()
        self._tick = 0
        return drawn

    def start_from_here(self) -> None:
        """Let the next action lead on from where the arm is, and from now."""
        self._reference.set(self.arm.read())
        self._due_ns = self.clock.now_ns()

    def observe(self) -> Observation:
        """Read every device once.

        Raises BorderError for a reading that is too old or of the wrong shape, and for a camera that sees nothing."""
        arm = self.arm.read()
        frames = {name: camera.read() for name, camera in self.world.cameras.items()}
        now_ns = self.clock.now_ns()
        age_ns = {"arm": check_age("arm reading", arm.stamp_ns, now_ns, self._max_age_ns)}
        for name, frame in frames.items():
            self._check_shape(name, frame)
            frames[name] = self.config.cameras[name].used(frame)
            self._sight.check(name, frames[name], arm.joint_position_rad)
            age_ns[name] = check_age(f"camera {name}", frame.stamp_ns, now_ns, self._max_age_ns)
        observation = Observation(self._tick, now_ns, arm, frames, age_ns)
        self._tick += 1
        return observation

    def act(self, action: Action) -> StepResult:
        """Drive one policy period through the gate, and return with its last command.

        While the arm carries that one out there is time to observe and to think: the next period begins when it ends,
        so that the policy's rate holds on a real clock too. Raises BorderError for a bad action, DeviceError after a
        fault."""
        values = self.action_spec.check(action.values)
        self.clock.sleep_until(self._due_ns)
        self._reference.begin(self.arm.read())
        start = self._reference.pose
        plan = self._reference.plan(values, self._ticks / self.config.control_hz, self._ticks)
        clips = dict.fromkeys(plan.clips)
        for target in plan.targets_rad:
            self.clock.sleep_until(self._due_ns)
            now_ns = self.clock.now_ns()
            command = ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, plan.gripper_opening)
            done = self.arm.command(command)
            clips |= dict.fromkeys(done.clips)
            late = now_ns - self._due_ns > self._period_ns // 2  # then the time lost is not made good by a burst
            self._due_ns = (now_ns if late else self._due_ns) + self._period_ns
        if not clips:
            return StepResult(values.astype(np.float32), ())
        self._reference.take(done.command.values)
        period_s = 1.0 / self.config.policy_hz
        executed = self._reference.executed(start, values, period_s, done.command.gripper_opening)
        return StepResult(executed, tuple(clips))

    def proprio(self, state: ArmState) -> Float32:
        """What the policy feels (P,): joints [rad], joint speeds [rad/s], tool position [m], yaw (sin, cos), opening.

        Raises BorderError if the arm does not measure one of them."""
        if state.joint_velocity_rad_s is None or state.gripper_opening is None:
            raise BorderError(f"station {self.config.name}: the arm must measure joint speed and gripper opening")
        w, x, y, z = state.ee_quaternion_base_wxyz
        yaw = math.atan2(2 * (w * z - x * y), 1 - 2 * (x * x + z * z))
        parts = (
            state.joint_position_rad,
            state.joint_velocity_rad_s,
            state.ee_position_base_m,
            (math.sin(yaw), math.cos(yaw)),
            (state.gripper_opening,),
        )
        return np.concatenate(parts).astype(np.float32)

    def _check_shape(self, name: str, frame: Frame) -> None:
        camera = self.config.cameras[name]
        if frame.rgb.shape != (camera.height, camera.width, 3):
            raise BorderError(
                f"camera {name}: delivered a picture of shape {frame.rgb.shape}, the station's file says "
                f"{(camera.height, camera.width, 3)}. Set width and height in the file to what the camera delivers."
            )


def _whole(name: str, ratio: float) -> int:
    """``ratio`` as an int. Raises ConfigError if it is not whole and positive."""
    if ratio < 1 or abs(ratio - round(ratio)) > 1e-9:
        raise ConfigError(f"{name} must be a whole number, got {ratio}")
    return round(ratio)
