"""The twin's arm: joint position servos with command latency and joint noise, behind the ``Arm`` contract."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import mujoco
import numpy as np

from robolearn.contracts import ArmCommand, ArmSpec, ArmState, CommandMode, Executed, Float, check_age
from robolearn.errors import BorderError, DeviceError
from sim.clock import NS

JOINTS = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
UR_JOINTS = (
    "shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint",
)  # fmt: skip
MAX_COMMAND_AGE_NS = NS // 5
WATCHDOG_NS = NS // 5


class ArmScene(Protocol):
    """The part of a scene that an arm moves: where its joints, its gripper and its tool are in the model."""

    model: mujoco.MjModel
    data: mujoco.MjData
    joint_qpos: np.ndarray[tuple[int], np.dtype[np.int_]]
    joint_qvel: np.ndarray[tuple[int], np.dtype[np.int_]]
    joint_ctrl: np.ndarray[tuple[int], np.dtype[np.int_]]
    gripper_qpos: int
    gripper_ctrl: int
    gripper_range_rad: Float  # (2,), in metres where it slides
    gripper_torque_nm: float  # in newton where it slides
    tool_site: int


class ArmKind(NamedTuple):
    """What an arm of the twin is."""

    name: str
    joint_names: tuple[str, ...]
    joint_speed_rad_s: float


SO101 = ArmKind("so101_twin", JOINTS, 4.7)  # STS3215 at 12 V, no load
UR5E = ArmKind("ur5e_twin", UR_JOINTS, math.pi)


class TwinArm:
    """Implements ``Arm``. ``now_ns`` is read from the world that advances the physics."""

    def __init__(
        self,
        scene: ArmScene,
        control_hz: float,
        kind: ArmKind = SO101,
        wrench_tool: Callable[[], Float] | None = None,
    ) -> None:
        """``wrench_tool`` reads the force sensor (6,) of an arm that has one."""
        self._scene, self._wrench_tool = scene, wrench_tool
        joints, names = scene.model.joint, kind.joint_names
        bounds = np.array([joints(name).range for name in names])
        self._spec = ArmSpec(
            name=kind.name, joint_names=names, joint_lower_rad=bounds[:, 0], joint_upper_rad=bounds[:, 1],
            joint_velocity_limit_rad_s=np.full(len(names), kind.joint_speed_rad_s), control_hz=control_hz,
            modes=(CommandMode.JOINT_POSITION,), has_gripper=True, has_wrench=wrench_tool is not None,
            base_frame="base", tool_frame="tool",
        )  # fmt: skip
        self._connected = False
        self._fault: str | None = None
        self._now_ns = 0
        self._due: deque[tuple[int, Float, float | None]] = deque()
        self._last_command_ns: int | None = None
        self._latency_ns = 0
        self._noise_rad = 0.0
        self._rng = np.random.default_rng(0)
        self._noise = np.zeros(len(names) + 1)  # of this control period: who reads, and how often, changes nothing
        self._quaternion = np.zeros(4)

    @property
    def spec(self) -> ArmSpec:
        """Constant."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """Why commands are refused, or None."""
        return self._fault

    def connect(self) -> None:
        """The twin is there at once."""
        self._connected = True

    def close(self) -> None:
        """Refuse further use until connected again."""
        self._connected = False

    def read(self) -> ArmState:
        """State at the newest physics step, with encoder noise."""
        self._require_connected()
        data, scene = self._scene.data, self._scene
        noise = self._noise
        low, high = scene.gripper_range_rad
        opening = (data.qpos[scene.gripper_qpos] + noise[-1] - low) / (high - low)
        mujoco.mju_mat2Quat(self._quaternion, data.site_xmat[scene.tool_site])
        load = data.actuator_force[scene.gripper_ctrl] / scene.gripper_torque_nm
        return ArmState(
            stamp_ns=self._now_ns,
            joint_position_rad=data.qpos[scene.joint_qpos] + noise[:-1],
            joint_velocity_rad_s=data.qvel[scene.joint_qvel],
            ee_position_base_m=data.site_xpos[scene.tool_site].copy(),
            ee_quaternion_base_wxyz=self._quaternion.copy(),
            gripper_opening=min(1.0, max(0.0, float(opening))),
            gripper_load=min(1.0, max(-1.0, float(load))),
            wrench_tool=None if self._wrench_tool is None else self._wrench_tool(),
        )

    def command(self, command: ArmCommand) -> Executed:
        """Queue a joint target; it reaches the servos after the arm's latency."""
        self._require_connected()
        if self._fault is not None:
            raise DeviceError(f"arm is stopped ({self._fault}); re-arm it first")
        target, opening, clips = self._bounded(command)
        self._last_command_ns = self._now_ns
        self._due.append((self._now_ns + self._latency_ns, target, opening))
        return Executed(ArmCommand(command.stamp_ns, command.mode, target.copy(), opening), clips)

    def stop(self, reason: str) -> None:
        """Hold where the arm is now."""
        self._fault = reason
        self._hold()

    def rearm(self) -> None:
        """Accept commands again."""
        self._require_connected()
        self._fault = None
        self._hold()

    def begin(self, latency_s: float, noise_rad: float, rng: np.random.Generator, opening: float) -> None:
        """An episode starts from the scene's present state: the world calls this after placing the joints."""
        self._latency_ns = round(latency_s * NS)
        self._noise_rad = noise_rad
        self._rng = rng
        self._draw_noise()
        self._fault = None
        self._hold()
        low, high = self._scene.gripper_range_rad
        self._scene.data.ctrl[self._scene.gripper_ctrl] = low + opening * (high - low)

    def advance(self, now_ns: int) -> None:
        """Hand due targets to the servos; hold when the command stream has ended. Called before each control period."""
        self._now_ns = now_ns
        while self._due and self._due[0][0] <= now_ns:
            self._apply(*self._due.popleft()[1:])
        if self._last_command_ns is not None and now_ns - self._last_command_ns > WATCHDOG_NS:
            self._hold()

    def settle(self, now_ns: int) -> None:
        """Note the time after physics has run, and take the reading of it."""
        self._now_ns = now_ns
        self._draw_noise()

    def _draw_noise(self) -> None:
        self._noise = self._rng.normal(0.0, self._noise_rad, len(self._noise))

    def _bounded(self, command: ArmCommand) -> tuple[Float, float | None, tuple[str, ...]]:
        spec, clips = self._spec, []
        if command.mode not in spec.modes:
            raise BorderError(f"arm: mode {command.mode.value} is not among {[mode.value for mode in spec.modes]}")
        check_age("arm command", command.stamp_ns, self._now_ns, MAX_COMMAND_AGE_NS)
        values = np.asarray(command.values, float)
        if values.shape != spec.joint_lower_rad.shape or not all(map(math.isfinite, values.tolist())):
            raise BorderError(f"arm: expected {len(spec.joint_names)} finite joint targets [rad], got {values}")
        target = np.minimum(np.maximum(values, spec.joint_lower_rad), spec.joint_upper_rad)
        if target.tolist() != values.tolist():
            clips.append("joint_range")
        opening = command.gripper_opening
        if opening is not None:
            if not math.isfinite(opening):
                raise BorderError(f"arm: gripper opening is not finite: {opening}")
            bounded = min(1.0, max(0.0, float(opening)))
            clips += ["gripper_range"] if bounded != opening else []
            opening = bounded
        return target, opening, tuple(clips)

    def _apply(self, target: Float, opening: float | None) -> None:
        scene = self._scene
        scene.data.ctrl[scene.joint_ctrl] = target
        if opening is not None:
            low, high = scene.gripper_range_rad
            scene.data.ctrl[scene.gripper_ctrl] = low + opening * (high - low)

    def _hold(self) -> None:
        self._due.clear()
        self._last_command_ns = None
        self._scene.data.ctrl[self._scene.joint_ctrl] = self._scene.data.qpos[self._scene.joint_qpos]

    def _require_connected(self) -> None:
        if not self._connected:
            raise DeviceError(f"arm {self._spec.name} is not connected: call connect() first")
