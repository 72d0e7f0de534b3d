"""A world over the graph: the devices of one namespace, and what its twin can do besides."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
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

ASK_AGAIN_S = 0.2
log = logging.getLogger(__name__)
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
        self.while_asked: Callable[[], None] = lambda: None  # called again and again while a person is awaited
        self._cameras = {camera.name: RosCamera(link, self.clock, camera) for camera in cameras}
        self._truth_is_known = True

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
        """Return when the scene is at a start state, or a person has said that it is. Raises DeviceError."""
        value = RosParameter(SEED, value=seed).get_parameter_value()
        request, asked = SetParameters.Request(parameters=[Parameter(name=SEED, value=value)]), False
        while topics.ASKS in (told := self._told_by_scene(request)):
            if not asked:
                log.warning("%s Then: robolearn tell ready", told[topics.ASKS])
                asked = True
            self.while_asked()
            time.sleep(ASK_AGAIN_S)
        if self.clock.kind is not TimeKind.MONOTONIC:
            self.clock.wait_for(told["stamp_ns"])
        draws: Mapping[str, Any] = told[topics.DRAWS]
        return draws

    def succeeded(self) -> bool | None:
        """Ground truth of the task; None where nobody knows it. Raises DeviceError."""
        if not self._truth_is_known:
            return None
        response = self.link.call(topics.SCENE_SUCCEEDED, Trigger.Request())
        if not response.success:
            raise DeviceError(response.message)
        truth: bool | None = json.loads(response.message)
        self._truth_is_known = truth is not None
        return truth

    def release(self) -> None:
        """Leave arm and clock to others that use the same link; cameras are closed one by one."""
        self.arm.release()
        self.clock.close()

    def close(self) -> None:
        """Leave the graph; may be called twice."""
        self.link.close()

    def _told_by_scene(self, request: SetParameters.Request) -> dict[str, Any]:
        (result,) = self.link.call(topics.SCENE_RESET, request).results
        if not result.successful:
            raise DeviceError(result.reason)
        told: dict[str, Any] = json.loads(result.reason)
        return told
