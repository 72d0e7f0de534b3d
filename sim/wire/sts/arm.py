"""An arm of virtual STS servos."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sim.scene import Scene
from sim.wire.joints import ServoJoints
from sim.wire.sts.bus import Bus
from sim.wire.sts.servo import Servo
from sim.wire.wired_arm import WiredArm, sense


class StsArm(WiredArm):
    """STS3215 servos."""

    def __init__(self, scene: Scene, actuators: Sequence[str], mountings: Sequence[int]) -> None:
        """``mountings``: encoder steps from the middle at which each joint is at zero."""
        joints = ServoJoints(scene, tuple(actuators))
        servos = [Servo(at + 1, steps, partial(sense, joints, at)) for at, steps in enumerate(mountings)]
        super().__init__(joints, Bus(servos))
