"""Universal Robots e-Series arms, by ur-rtde in a child process: joint targets are streamed with ``servoj``.

The driver tells a protective stop, an emergency stop, a lost link and a lost child as a fault, which stays until a
person re-arms. Nothing of it is ever repaired while armed: after a fault the control program is gone."""

from __future__ import annotations

import importlib.util
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from drivers.arm_commands import bounded
from drivers.table import Cell
from drivers.ur_link import START_S, UrLink
from drivers.ur_words import EMERGENCY_BIT, NORMAL_BITS, PLAYING, PROTECTIVE_BIT, ROBOT_RUNNING, Reading, Settings
from robolearn.config import Key, Limit, Section
from robolearn.contracts import (
    ArmCommand,
    ArmSpec,
    ArmState,
    Clock,
    CommandMode,
    Executed,
    Float,
)
from robolearn.errors import ConfigError, DeviceError
from robolearn.kinematics import Kinematics
from robolearn.limits import JOINT_SPEED

JOINTS = 6
JOINT_RANGE_RAD = np.array([2 * np.pi, 2 * np.pi, np.pi, 2 * np.pi, 2 * np.pi, 2 * np.pi])
JOINT_SPEED_RAD_S = np.full(JOINTS, np.pi)  # of a UR5e


@dataclass(frozen=True)
class UrConfig:
    """The arm's section in a station's file."""

    host: Annotated[str, Key("address of the controller")]
    servo_lookahead_s: Annotated[float, Key("smooths the motion; longer is later", low=0.03, high=0.2)]
    servo_gain: Annotated[float, Key("how hard the arm pulls to its target", low=100.0, high=2000.0)]
    payload_kg: Annotated[float, Limit("mass of gripper and tool", low=0.0, high=5.0)]
    payload_centre_m: Annotated[tuple[float, float, float], Key("its centre in the flange frame", low=-0.5, high=0.5)]
    zero_wrench: Annotated[bool, Key("take the force at arming as none; the tool must then hang free")]
    silence_s: Annotated[float, Limit("a controller silent for longer is a lost link", low=0.02, high=1.0)]


def arm(section: Section, cell: Cell) -> UrArm:
    """The arm of a station, not connected yet. Raises ConfigError."""
    if len(cell.joint_names) != JOINTS:
        raise ConfigError(f"station {cell.station}: a UR has {JOINTS} joints, joint_names has {len(cell.joint_names)}")
    if importlib.util.find_spec("rtde_control") is None:
        raise ConfigError("ur-rtde is not installed: pip install 'robolearn[arms]'")
    tcp_offset = tool_on_flange(cell.description, cell.joint_names)
    return UrArm(section.read(UrConfig), cell.joint_names, cell.control_hz, tcp_offset, cell.clock)


def tool_on_flange(description: Path, joint_names: tuple[str, ...]) -> Float:
    """The tool's frame in the flange's (6,): m and rotation vector."""
    zero = np.zeros(JOINTS)
    at_flange, flange = Kinematics(description, joint_names, "flange").tool_pose_base(zero)
    at_tool, tool = Kinematics(description, joint_names).tool_pose_base(zero)
    return np.concatenate([flange.T @ (at_tool - at_flange), cv2.Rodrigues(flange.T @ tool)[0].ravel()])


class UrArm:
    """Implements ``Arm``. Stamps are of the machine's monotonic clock, on which the station's clock must be."""

    def __init__(
        self, config: UrConfig, joint_names: tuple[str, ...], control_hz: float, tcp_offset: Float, clock: Clock
    ) -> None:
        self._config, self.clock = config, clock
        self._spec = ArmSpec(
            name="ur5e", joint_names=joint_names, joint_lower_rad=-JOINT_RANGE_RAD, joint_upper_rad=JOINT_RANGE_RAD,
            joint_velocity_limit_rad_s=JOINT_SPEED_RAD_S, control_hz=control_hz, modes=(CommandMode.JOINT_POSITION,),
            has_gripper=False, has_wrench=True, base_frame="base", tool_frame="tool",
        )  # fmt: skip
        self._settings = Settings(
            host=config.host, servo_period_s=1.0 / control_hz, servo_lookahead_s=config.servo_lookahead_s,
            servo_gain=config.servo_gain, watchdog_hz=1.0 / config.silence_s, payload_kg=config.payload_kg,
            payload_centre_m=config.payload_centre_m, tcp_offset=tuple(tcp_offset.tolist()),
            zero_wrench=config.zero_wrench,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._link: UrLink | None = None
        self._fault: str | None = None
        self._target = np.zeros(JOINTS)

    @property
    def spec(self) -> ArmSpec:
        """Constant."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """Why the arm refuses to move, or None; kept until :meth:`rearm`."""
        link = self._link
        if link is not None and link.silence_s > self._config.silence_s:
            self._note(f"no word from the controller at {self._config.host} for {self._config.silence_s:g} s")
        return self._fault

    def connect(self) -> None:
        """Reach the controller, and start the control program unless something speaks against it.

        An arm that is stopped can be read, and has a fault. Raises DeviceError if the controller does not answer."""
        if self._link is not None:
            return
        link = UrLink(self._settings, self._on_reading)
        link.open()
        with ExitStack() as undo:
            undo.callback(link.close)
            self._wait_for_reading(link)
            trouble = _stands_against(self._newest(link))
            if trouble is None:
                self._arm(link)
            else:
                self._note(trouble)
            undo.pop_all()
        self._link = link

    def close(self) -> None:
        """Bring the arm to rest and let go of the controller."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def read(self) -> ArmState:
        """Newest reading, with the wrench turned into the tool's frame."""
        return _state(self._newest(self._connected()))

    def command(self, command: ArmCommand) -> Executed:
        """Send a joint target on. A step beyond what the joints can do in one period is shortened."""
        link = self._connected()
        asked = bounded(self._spec, command, self.clock.now_ns())
        if self.fault is not None:
            raise DeviceError(f"ur5e: stopped ({self._fault}); make it safe, then call rearm()")
        target, clips = self._in_time(asked.target_rad)
        if not link.target(target):
            self._note("the driver's child process does not take commands")
            raise DeviceError(f"ur5e: stopped ({self._fault}); make it safe, then call rearm()")
        self._target = target
        return Executed(ArmCommand(command.stamp_ns, command.mode, target.copy(), None), (*asked.clips, *clips))

    def stop(self, reason: str) -> None:
        """Brake to rest; refuse commands until :meth:`rearm`."""
        self._note(reason)
        if self._link is not None:
            self._link.halt()

    def rearm(self) -> None:
        """Release a protective stop, start the control program anew where it has ended, and accept commands.

        Raises DeviceError where a person must act first; the message says how."""
        link = self._connected()
        self._wait_for_reading(link)
        reading = self._newest(link)
        trouble = _stands_against(reading)
        if trouble is not None and not reading.safety_bits & PROTECTIVE_BIT:
            raise DeviceError(f"ur5e: {trouble}")
        if not link.armed or reading.runtime_state != PLAYING:
            self._arm(link)
        self._target = np.array(self._newest(link).joint_position)
        self._fault = None

    def _arm(self, link: UrLink) -> None:
        if not link.arm():
            raise DeviceError(f"ur5e: the control program did not start: {link.failure or 'no answer'}")
        self._target = np.array(self._newest(link).joint_position)

    def _on_reading(self, link: UrLink, reading: Reading) -> None:
        trouble = _stands_against(reading)
        if trouble is None and link.armed and reading.runtime_state != PLAYING:
            trouble = "the control program has ended on the controller"
        if trouble is not None:
            self._note(trouble)

    def _note(self, fault: str) -> None:
        """The first reason counts."""
        with self._lock:
            self._fault = self._fault or fault

    def _connected(self) -> UrLink:
        if self._link is None:
            raise DeviceError("ur5e: not connected; call connect() first")
        return self._link

    def _wait_for_reading(self, link: UrLink) -> None:
        if not link.wait_for_reading(START_S):
            raise DeviceError(
                f"ur5e: no RTDE data from {self._config.host}:30004 ({link.failure or 'no answer'}). Check the cable, "
                "the address, and that the controller is on and lets RTDE through (Settings, Security, Services)."
            )

    def _newest(self, link: UrLink) -> Reading:
        reading = link.newest
        if reading is None:
            raise DeviceError(f"ur5e: no word from the controller at {self._config.host}; the driver keeps trying")
        return reading

    def _in_time(self, inside_rad: Float) -> tuple[Float, tuple[str, ...]]:
        """As much of the step from the last target as the joints can do in one period."""
        spec = self._spec
        step = inside_rad - self._target
        periods = float((np.abs(step) / spec.joint_velocity_limit_rad_s).max()) * spec.control_hz
        return (inside_rad, ()) if periods <= 1.0 else (self._target + step / periods, (JOINT_SPEED,))


def _stands_against(reading: Reading) -> str | None:
    """What of the controller's state forbids motion, and the way out."""
    if reading.safety_bits & EMERGENCY_BIT:
        return "emergency stop: pull the button out, switch on and release the brakes on the pendant, then rearm"
    if reading.safety_bits & PROTECTIVE_BIT:
        return "protective stop: find its cause, then rearm"
    if not reading.safety_bits & NORMAL_BITS:
        return f"stopped by the controller's safety system (status {reading.safety_bits:#x}): look at the pendant"
    if reading.robot_mode != ROBOT_RUNNING:
        return f"no power (robot mode {reading.robot_mode}): switch on and release the brakes on the pendant"
    return None


def _state(reading: Reading) -> ArmState:
    rotation_base, _ = cv2.Rodrigues(np.array(reading.tool_pose[3:]))
    angle_rad = float(np.linalg.norm(reading.tool_pose[3:]))
    axis = np.array(reading.tool_pose[3:]) / max(angle_rad, 1e-12)
    force = np.array(reading.tool_force)
    return ArmState(
        stamp_ns=reading.stamp_ns,
        joint_position_rad=np.array(reading.joint_position),
        joint_velocity_rad_s=np.array(reading.joint_velocity),
        ee_position_base_m=np.array(reading.tool_pose[:3]),
        ee_quaternion_base_wxyz=np.array([np.cos(angle_rad / 2), *(np.sin(angle_rad / 2) * axis)]),
        gripper_opening=None,
        gripper_load=None,
        wrench_tool=np.concatenate([rotation_base.T @ force[:3], rotation_base.T @ force[3:]]),
    )
