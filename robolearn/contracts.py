"""The contract between learning code and the world: specs, readings, commands, and the device protocols.

Units are SI. Poses are of the tool frame in the arm's base frame; quaternions are (w, x, y, z).
Every reading carries ``stamp_ns`` on the one monotonic :class:`Clock` of its station.
What a device does not measure is ``None``, never a made-up zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from robolearn.borders import ArraySpec, Float, Float32, Image, check_age

__all__ = [
    "Action", "Arm", "ArmCommand", "ArmSpec", "ArmState", "ArraySpec", "Camera", "CameraSpec", "Clock", "CommandMode",
    "Decision", "Encoded", "Ending", "Executed", "Float", "Float32", "Frame", "Image", "Observation", "Policy",
    "RewardModel", "StepResult", "Teleop", "TeleopEvent", "TeleopReading", "Verdict", "World", "check_age",
]  # fmt: skip


class CommandMode(str, Enum):
    """How the values of an :class:`ArmCommand` are meant."""

    JOINT_POSITION = "joint_position"  # rad, one per joint
    EE_POSE = "ee_pose"  # m and quaternion wxyz, base frame, 7 values
    EE_TWIST = "ee_twist"  # m/s and rad/s, base frame, 6 values


@dataclass(frozen=True)
class ArmSpec:
    """What an arm is, readable before :meth:`Arm.connect`. The gripper is not among the joints."""

    name: str
    joint_names: tuple[str, ...]
    joint_lower_rad: Float
    joint_upper_rad: Float
    joint_velocity_limit_rad_s: Float
    control_hz: float
    modes: tuple[CommandMode, ...]
    has_gripper: bool
    has_wrench: bool
    base_frame: str
    tool_frame: str


class ArmState(NamedTuple):
    """One reading of an arm."""

    stamp_ns: int
    joint_position_rad: Float  # (J,)
    joint_velocity_rad_s: Float | None  # (J,)
    ee_position_base_m: Float  # (3,)
    ee_quaternion_base_wxyz: Float  # (4,)
    gripper_opening: float | None  # 0 closed .. 1 open
    gripper_load: float | None  # signed share of stall torque, -1..1
    wrench_tool: Float | None  # (6,) N, Nm


class ArmCommand(NamedTuple):
    """What an arm is asked to do from ``stamp_ns`` until its next command or its watchdog."""

    stamp_ns: int
    mode: CommandMode
    values: Float
    gripper_opening: float | None  # 0 closed .. 1 open; None leaves the gripper where it is


class Executed(NamedTuple):
    """What was really sent, and why it differs from what was asked (empty if it does not)."""

    command: ArmCommand
    clips: tuple[str, ...]


@runtime_checkable
class Arm(Protocol):
    """A robot arm, real or twin. Nothing but :meth:`command` moves it."""

    @property
    def spec(self) -> ArmSpec:
        """Constant; readable before connect."""

    @property
    def fault(self) -> str | None:
        """Why the arm refuses to move, or None."""

    def connect(self) -> None:
        """Open the device. Raises DeviceError. Does not move it."""

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""

    def read(self) -> ArmState:
        """Newest reading. Raises DeviceError if not connected, BorderError if the device sent nonsense."""

    def command(self, command: ArmCommand) -> Executed:
        """Send one command; its age is checked. Raises BorderError for a bad command and DeviceError after a fault.

        A joint position or opening outside the limits is moved onto the limit, and named in ``clips``."""

    def stop(self, reason: str) -> None:
        """Hold still now; afterwards ``fault`` is set and commands are refused until :meth:`rearm`."""

    def rearm(self) -> None:
        """Clear the fault by a person's explicit act. Does not move the arm."""


@dataclass(frozen=True)
class CameraSpec:
    """What a camera is, readable before :meth:`Camera.connect`."""

    name: str
    width: int
    height: int
    fps: float
    frame: str


class Frame(NamedTuple):
    """One colour picture; ``stamp_ns`` is the time of exposure."""

    stamp_ns: int
    rgb: Image  # (H, W, 3)


@runtime_checkable
class Camera(Protocol):
    """A colour camera."""

    @property
    def spec(self) -> CameraSpec:
        """Constant; readable before connect."""

    def connect(self) -> None:
        """Open the device. Raises DeviceError, also if it delivers another resolution than the spec says."""

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""

    def read(self) -> Frame:
        """Newest frame, with its true stamp: never an old one under a new stamp. Raises DeviceError."""


class TeleopEvent(str, Enum):
    """What the person says, apart from moving the arm."""

    NONE = "none"
    SUCCESS = "success"
    FAILURE = "failure"
    RERECORD = "rerecord"
    ABORT = "abort"


class TeleopReading(NamedTuple):
    """One reading of a teleoperation device."""

    stamp_ns: int
    engaged: bool  # the person is driving
    action: Float32  # (A,) in [-1, 1], meaning as in Action.values; zeros while not engaged
    event: TeleopEvent


@runtime_checkable
class Teleop(Protocol):
    """A device with which a person drives the arm and labels episodes."""

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the action dimensions, in order; readable before connect."""

    def connect(self) -> None:
        """Open the device. Raises DeviceError."""

    def close(self) -> None:
        """Release the device; may be called twice, and before connect."""

    def begin(self, seed: int) -> None:
        """An episode starts; ``seed`` makes a simulated person repeatable, a real one ignores it."""

    def read(self) -> TeleopReading:
        """What the person does now. Raises DeviceError."""


class Observation(NamedTuple):
    """Everything that was seen at one tick; ``age_ns`` has one entry per part: "arm" and each camera."""

    tick: int
    stamp_ns: int
    arm: ArmState
    frames: Mapping[str, Frame]
    age_ns: Mapping[str, int]


class Action(NamedTuple):
    """What a policy or a person asks for at one tick."""

    values: Float32  # (A,) in [-1, 1]; scaled to SI by the station


class StepResult(NamedTuple):
    """What came of one tick: ``executed`` is in the same units as ``Action.values``."""

    executed: Float32
    clips: tuple[str, ...]


class Ending(str, Enum):
    """How an episode ends. Only a terminated one stops bootstrapping."""

    SUCCESS = "success"  # terminated
    FAILURE = "failure"  # terminated
    TIMEOUT = "timeout"  # truncated
    STOPPED = "stopped"  # truncated: by a person
    FAULT = "fault"  # truncated

    @property
    def terminated(self) -> bool:
        """True if the task itself ended."""
        return self in (Ending.SUCCESS, Ending.FAILURE)


class Decision(int, Enum):
    """What a reward model says of one observation."""

    FAILURE = 0
    SUCCESS = 1
    ABSTAIN = -1


class Verdict(NamedTuple):
    """A calibrated probability of success and the decision drawn from it."""

    probability: float
    decision: Decision


class Encoded(NamedTuple):
    """What policy and reward see of an observation."""

    features: Mapping[str, Float32]  # per camera (V, D): variant 0 is the untouched frame, the rest augmented
    proprio: Float32  # (P,)


@runtime_checkable
class RewardModel(Protocol):
    """Judges success from what the cameras see."""

    def judge(self, encoded: Encoded) -> Verdict:
        """Judge one tick. Raises BorderError for features that are not finite or of the wrong shape."""


@runtime_checkable
class Policy(Protocol):
    """Chooses one action per tick."""

    def reset(self) -> None:
        """An episode starts: forget chunks and history."""

    def act(self, encoded: Encoded) -> Action:
        """Action for this tick. Raises BorderError for input that is not finite or of the wrong shape."""


@runtime_checkable
class Clock(Protocol):
    """Monotonic time of a station."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never goes back."""

    def sleep_until(self, stamp_ns: int) -> None:
        """Return when :meth:`now_ns` has reached ``stamp_ns``. A lock-step twin advances its physics here."""


class World(Protocol):
    """What a backend hands to a station: devices that share a clock, and what a simulated world can do besides."""

    @property
    def clock(self) -> Clock:
        """The one clock of all its devices."""

    @property
    def arms(self) -> Mapping[str, Arm]:
        """Arms by name."""

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """Cameras by name."""

    def reset(self, seed: int) -> Mapping[str, Any]:
        """Bring the cell to a start state and return the draws behind it; a real cell asks its person to."""

    def succeeded(self) -> bool | None:
        """Ground truth of the task for evaluation alone; None where the world cannot know."""

    def close(self) -> None:
        """Release everything; may be called twice."""
