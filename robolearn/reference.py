"""From an action to joint targets: the commanded tool pose, integrated from twists, and inverse kinematics after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from robolearn.config import Key
from robolearn.contracts import ArmState, Float, Float32
from robolearn.errors import DeviceError
from robolearn.kinematics import Kinematics
from robolearn.limits import JOINT_RANGE, WORKSPACE, Limits

_ROUNDING_M = 1e-9
_WORKSPACE_MARGIN_M = 0.001  # the reference slides along the box's sides, where the gate would stop it dead


@dataclass(frozen=True)
class ActionConfig:
    """What an action value of 1 means, in the base frame."""

    linear_speed_m_s: Annotated[float, Key("of the tool, along each axis [m/s]", low=0.001, high=10.0)]
    yaw_speed_rad_s: Annotated[float, Key("of the tool [rad/s]", low=0.001, high=100.0)]
    gripper_opening: Annotated[tuple[float, float], Key("at -1 and at +1; 0 is closed, 1 open", low=0.0, high=1.0)]
    tool_pitch_rad: Annotated[
        float, Key("held, in the arm's vertical plane; pi/2 is straight down [rad]", low=-math.pi, high=math.pi)
    ]
    reference_lead_m: Annotated[
        float, Key("how far the commanded tool may run ahead of the measured one [m]", low=0.001, high=1.0)
    ]


class ToolPose(NamedTuple):
    """Tool position [m] and yaw [rad] in the base frame, at constant pitch."""

    position_base_m: Float
    yaw_rad: float


class Plan(NamedTuple):
    """One policy period in joint space."""

    targets_rad: Float  # (ticks, J)
    gripper_opening: float
    clips: tuple[str, ...]


class ToolReference:
    """The commanded tool pose. It starts where the arm is, and never runs further ahead of it than allowed."""

    def __init__(self, config: ActionConfig, limits: Limits, kinematics: Kinematics) -> None:
        self._config = config
        self._kinematics = kinematics
        workspace = limits.workspace
        self._joint_low = np.array(limits.joint_lower_rad)
        self._joint_high = np.array(limits.joint_upper_rad)
        self._low = np.array(workspace.min_base_m) + _WORKSPACE_MARGIN_M
        self._high = np.array(workspace.max_base_m) - _WORKSPACE_MARGIN_M
        self._joints: Float | None = None
        self._pose = ToolPose(np.zeros(3), 0.0)

    @property
    def pose(self) -> ToolPose:
        """The commanded pose."""
        return ToolPose(self._pose.position_base_m.copy(), self._pose.yaw_rad)

    def set(self, state: ArmState) -> None:
        """Start from where the arm is."""
        self.take(state.joint_position_rad)

    def take(self, joint_position_rad: Float) -> None:
        """Go on from joints (J,) [rad] that were really sent."""
        position, rotation = self._kinematics.tool_pose_base(joint_position_rad)
        self._joints = np.array(joint_position_rad)
        self._pose = ToolPose(position, tool_yaw(rotation))

    def begin(self, state: ArmState) -> None:
        """A policy period starts: draw the reference back to within the allowed lead of the measured tool."""
        if self._joints is None:
            raise DeviceError("the station has not been reset: call reset() before act()")
        lead = self._pose.position_base_m - state.ee_position_base_m
        length = math.hypot(*lead.tolist())
        if length > self._config.reference_lead_m:
            drawn_back = state.ee_position_base_m + lead * (self._config.reference_lead_m / length)
            self._pose = ToolPose(drawn_back, self._pose.yaw_rad)

    def plan(self, values: Float, period_s: float, ticks: int) -> Plan:
        """Joint targets that carry out an action (5,) over a policy period, and move the reference to its end.

        At the end of a joint's range that joint stays, and the others make up for it: the gate would stop them all.
        Inverse kinematics finds the joints at its end; up to there the targets run straight in joint space."""
        if self._joints is None:
            raise DeviceError("the station has not been reset: call reset() before act()")
        config = self._config
        wanted = self._pose.position_base_m + values[:3] * (config.linear_speed_m_s * period_s)
        inside = np.minimum(np.maximum(wanted, self._low), self._high)
        held = bool((np.abs(inside - wanted) > _ROUNDING_M).any())
        yaw = self._pose.yaw_rad + float(values[3]) * config.yaw_speed_rad_s * period_s
        low, high = self._joint_low, self._joint_high
        end = self._kinematics.follow(self._joints, inside, self._rotation(inside, yaw), period_s, low, high)
        at_its_end = bool(((end <= low) | (end >= high)).any())
        clips = (*((WORKSPACE,) if held else ()), *((JOINT_RANGE,) if at_its_end else ()))
        shares = np.arange(1, ticks + 1)[:, None] / ticks
        targets = self._joints + shares * (end - self._joints)
        self._joints, self._pose = end, ToolPose(inside, yaw)
        closed, opened = config.gripper_opening
        opening = closed + (opened - closed) * (float(values[4]) + 1.0) / 2.0
        return Plan(targets, opening, clips)

    def executed(
        self, start: ToolPose, values: Float, period_s: float, gripper_opening: float | None = None
    ) -> Float32:
        """The action (5,) that leads from ``start`` to the present pose in ``period_s``, bounded to [-1, 1].

        Its gripper value is that of the opening that was really sent; None: the one asked for in ``values`` (5,)."""
        config = self._config
        moved = (self._pose.position_base_m - start.position_base_m) / (config.linear_speed_m_s * period_s)
        turned = math.remainder(self._pose.yaw_rad - start.yaw_rad, math.tau) / (config.yaw_speed_rad_s * period_s)
        closed, opened = config.gripper_opening
        gripper = float(values[4])
        if gripper_opening is not None and opened != closed:  # what holds at one opening carries out any value
            gripper = 2.0 * (gripper_opening - closed) / (opened - closed) - 1.0
        action: Float32 = np.clip([*moved, turned, gripper], -1.0, 1.0).astype(np.float32)
        return action

    def _rotation(self, position_base_m: Float, yaw_rad: float) -> Float:
        """Rz(azimuth) Ry(pitch) Rx(roll) (3, 3): an arm of five joints can tilt its tool in its vertical plane only."""
        x, y = position_base_m[:2] - self._kinematics.pan_axis_base_m
        azimuth = math.atan2(y, x)
        return tool_rotation(azimuth, self._config.tool_pitch_rad, azimuth - yaw_rad)


def tool_rotation(azimuth_rad: float, pitch_rad: float, roll_rad: float) -> Float:
    """Rotation matrix (3, 3) Rz(azimuth) Ry(pitch) Rx(roll) of the tool in the base frame."""
    ca, sa, cp, sp = math.cos(azimuth_rad), math.sin(azimuth_rad), math.cos(pitch_rad), math.sin(pitch_rad)
    cr, sr = math.cos(roll_rad), math.sin(roll_rad)
    return np.array(
        [
            [ca * cp, ca * sp * sr - sa * cr, ca * sp * cr + sa * sr],
            [sa * cp, sa * sp * sr + ca * cr, sa * sp * cr - ca * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def tool_yaw(rotation_base: Float) -> float:
    """Yaw [rad] of a tool that points about downwards: the heading of its y axis, less a quarter turn."""
    return math.atan2(-rotation_base[0, 1], rotation_base[1, 1])
