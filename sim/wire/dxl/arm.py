"""An arm of virtual Dynamixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sim.scene import Scene
from sim.wire.dxl.bus import Bus
from sim.wire.dxl.servo import MODELS, Servo
from sim.wire.joints import ServoJoints
from sim.wire.wired_arm import WiredArm, sense


class DxlArm(WiredArm):
    """Dynamixels of the X series, each of its own model."""

    def __init__(self, scene: Scene, actuators: Sequence[str], mountings: Sequence[int], models: Sequence[str]) -> None:
        """``mountings``: encoder steps from the middle at which each joint is at zero; ``models``: names among
        ``MODELS``, one per servo."""
        joints = ServoJoints(scene, tuple(actuators))
        fitted = enumerate(zip(models, mountings, strict=True))
        servos = [Servo(at + 1, MODELS[name], steps, partial(sense, joints, at)) for at, (name, steps) in fitted]
        super().__init__(joints, Bus(servos))
