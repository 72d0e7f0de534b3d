"""An honest small arm for tests: five joints that are integrated over time and keep a device's rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from robolearn.contracts import ArmCommand, ArmSpec, ArmState, CommandMode, Executed, Float, check_age
from robolearn.errors import BorderError, DeviceError

NS = 1_000_000_000
CONTROL_HZ = 50.0
PERIOD_NS = round(NS / CONTROL_HZ)
COMMAND_MAX_AGE_NS = NS // 5
JOINT_SPEED_RAD_S = 4.0
JOINT_RANGE_RAD = 1.6
JOINTS = ("pan", "lift", "elbow", "flex", "roll")


class SteppedClock:
    """Time that passes only while somebody sleeps; whatever is moved by time is moved in steps of 2 ms."""

    step_ns = 2_000_000
    lock_step = True

    def __init__(self) -> None:
        self._now_ns = 0
        self._moved: list[Callable[[float], None]] = []

    def moves(self, advance: Callable[[float], None]) -> None:
        """``advance(seconds)`` is called for each step of time."""
        self._moved.append(advance)

    def now_ns(self) -> int:
        """Nanoseconds since the clock was made."""
        return self._now_ns

    def sleep_until(self, stamp_ns: int) -> None:
        """Let time pass until ``stamp_ns``."""
        while self._now_ns < stamp_ns:
            step_ns = min(self.step_ns, stamp_ns - self._now_ns)
            self._now_ns += step_ns
            for advance in self._moved:
                advance(step_ns / NS)


class PlanarKinematics:
    """A pan joint, three pitch joints in one upright plane, and a roll about the tool: in closed form."""

    height_m = 0.12
    links_m = (0.116, 0.135, 0.10)

    def tool_position_base_m(self, joint_position_rad: Float) -> Float:
        """Position (3,) of the tool in the base frame [m]."""
        pitch = np.cumsum(joint_position_rad[1:4])
        reach = float(np.dot(self.links_m, np.cos(pitch)))
        pan = joint_position_rad[0]
        height = self.height_m - float(np.dot(self.links_m, np.sin(pitch)))
        return np.array([reach * np.cos(pan), reach * np.sin(pan), height])

    def tool_quaternion_base_wxyz(self, joint_position_rad: Float) -> Float:
        """Orientation (4,) of the tool in the base frame: pan about z, pitch about y, roll about x."""
        half = np.array([joint_position_rad[0], joint_position_rad[1:4].sum(), joint_position_rad[4]]) / 2
        (cy, cp, cr), (sy, sp, sr) = np.cos(half), np.sin(half)
        return np.array(
            [
                cy * cp * cr + sy * sp * sr,
                cy * cp * sr - sy * sp * cr,
                cy * sp * cr + sy * cp * sr,
                sy * cp * cr - cy * sp * sr,
            ]
        )


class FakeArm:
    """Joints follow their target at a bounded speed; ``sent`` holds every target the motors got."""

    def __init__(self, clock: SteppedClock) -> None:
        self.spec = ArmSpec(
            name="fake",
            joint_names=JOINTS,
            joint_lower_rad=np.full(5, -JOINT_RANGE_RAD),
            joint_upper_rad=np.full(5, JOINT_RANGE_RAD),
            joint_velocity_limit_rad_s=np.full(5, JOINT_SPEED_RAD_S),
            control_hz=CONTROL_HZ,
            modes=(CommandMode.JOINT_POSITION,),
            has_gripper=True,
            has_wrench=False,
            base_frame="base",
            tool_frame="tool",
        )
        self.fault: str | None = None
        self.sent: list[Float] = []
        self.kinematics = PlanarKinematics()
        self._clock = clock
        self._position = np.array([0.0, -0.6, 1.2, 0.3, 0.0])
        self._velocity = np.zeros(5)
        self._target = self._position.copy()
        self._opening = self._opening_target = 1.0
        self._connected = False
        clock.moves(self._advance)

    def connect(self) -> None:
        """Take hold of the motors where they are."""
        self._connected = True

    def close(self) -> None:
        """Let go."""
        self._connected = False

    def read(self) -> ArmState:
        """The true state now."""
        self._require_connected()
        return ArmState(
            stamp_ns=self._clock.now_ns(),
            joint_position_rad=self._position.copy(),
            joint_velocity_rad_s=self._velocity.copy(),
            ee_position_base_m=self.kinematics.tool_position_base_m(self._position),
            ee_quaternion_base_wxyz=self.kinematics.tool_quaternion_base_wxyz(self._position),
            gripper_opening=self._opening,
            gripper_load=None,
            wrench_tool=None,
        )

    def command(self, command: ArmCommand) -> Executed:
        """Set the motors' target, moved onto the device's own limits."""
        self._require_connected()
        if self.fault is not None:
            raise DeviceError(f"fake: faulted: {self.fault}")
        if command.mode is not CommandMode.JOINT_POSITION:
            raise BorderError(f"fake: takes no {command.mode.value}")
        check_age("fake command", command.stamp_ns, self._clock.now_ns(), COMMAND_MAX_AGE_NS)
        values = np.asarray(command.values, float)
        if values.shape != (5,) or not np.isfinite(values).all():
            raise BorderError(f"fake: expected 5 finite joint targets, got {values}")
        opening = command.gripper_opening
        if opening is not None and not np.isfinite(opening):
            raise BorderError(f"fake: gripper opening {opening}")
        target = np.clip(values, self.spec.joint_lower_rad, self.spec.joint_upper_rad)
        bounded = None if opening is None else min(max(opening, 0.0), 1.0)
        clips = ("joint_range",) * bool((target != values).any()) + ("gripper_range",) * (bounded != opening)
        self._target = target
        self._opening_target = self._opening_target if bounded is None else bounded
        self.sent.append(target.copy())
        return Executed(ArmCommand(command.stamp_ns, command.mode, target.copy(), bounded), clips)

    def stop(self, reason: str) -> None:
        """Hold where the joints are."""
        self.fault = reason
        self._target = self._position.copy()
        self._opening_target = self._opening

    def rearm(self) -> None:
        """Accept commands again."""
        self._require_connected()
        self.fault = None

    def place(self, joint_position_rad: Float) -> None:
        """Put the joints somewhere by hand, motors following."""
        self._position = np.array(joint_position_rad, float)
        self._target = self._position.copy()

    def _advance(self, seconds: float) -> None:
        reach = JOINT_SPEED_RAD_S * seconds
        step = np.clip(self._target - self._position, -reach, reach)
        self._position = self._position + step
        self._velocity = step / seconds
        self._opening += float(np.clip(self._opening_target - self._opening, -4 * seconds, 4 * seconds))

    def _require_connected(self) -> None:
        if not self._connected:
            raise DeviceError("fake: not connected; call connect() first")
