"""A world over the graph: the devices of one namespace, and what its twin can do besides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.parameter import Parameter as RosParameter
from std_srvs.srv import Trigger

from robolearn.contracts import Arm, CameraSpec
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_client import RosArm
from robolearn.nodes.arm_spec import NAMES, TimeKind, to_spec
from robolearn.nodes.camera_client import RosCamera
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.teleop_client import RosTeleop
from robolearn.nodes.teleop_server import SEED
from robolearn.nodes.topics import ArmTopics

LOCK_STEP_PATIENCE_S = 10.0  # while the world waits for its client, true time says little


class RosWorld:
    """Implements ``World`` on the nodes that run in the namespace of ``link``, which it closes at the end."""

    def __init__(self, link: Link, cameras: tuple[CameraSpec, ...], through: ArmTopics) -> None:
        """Asks the arm's node what it is. Raises DeviceError if it does not answer."""
        self.link = link
        answer = link.call(topics.ARM_SPEC, GetParameters.Request(names=list(NAMES)))
        spec, time = to_spec(answer.values)
        self.clock = RosClock(link, time)
        if self.clock.lock_step:
            link.patience_s = max(link.patience_s, LOCK_STEP_PATIENCE_S)
        self.arm = RosArm(link, self.clock, spec, through)
        self._cameras = {camera.name: RosCamera(link, self.clock, camera) for camera in cameras}

    @property
    def arms(self) -> Mapping[str, Arm]:
        """The one arm of the namespace."""
        return {self.arm.spec.name: self.arm}

    @property
    def cameras(self) -> Mapping[str, RosCamera]:
        """Those of the station."""
        return self._cameras

    def teleop(self, action_names: tuple[str, ...]) -> RosTeleop:
        """Whoever drives over the graph."""
        return RosTeleop(self.link, self.clock, action_names)

    def reset(self, seed: int) -> Mapping[str, Any]:
        """A twin draws a start state; a real cell is left as its person has set it up. Raises DeviceError."""
        if self.clock.kind is TimeKind.MONOTONIC:
            return {}
        value = RosParameter(SEED, value=seed).get_parameter_value()
        request = SetParameters.Request(parameters=[Parameter(name=SEED, value=value)])
        (result,) = self.link.call(topics.TWIN_RESET, request).results
        if not result.successful:
            raise DeviceError(result.reason)
        told = json.loads(result.reason)
        self.clock.wait_for(told["stamp_ns"])
        draws: Mapping[str, Any] = told["draws"]
        return draws

    def succeeded(self) -> bool | None:
        """Ground truth, if the world is a twin."""
        if self.clock.kind is TimeKind.MONOTONIC:
            return None
        truth: bool | None = json.loads(self.link.call(topics.TWIN_SUCCEEDED, Trigger.Request()).message)
        return truth

    def close(self) -> None:
        """Leave the graph; may be called twice."""
        self.link.close()
