"""An arm of the Koch class on a virtual bus for the tests of this room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drivers.clock import RealClock
from drivers.dynamixel import DxlServos
from drivers.dynamixel_setup import DynamixelConfig, DynamixelServo
from drivers.servo_arm import ArmParts, ServoArm
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from tests.drivers.so101_rig import PATIENCE_S, SCALES
from tests.sim.cells import STATION

MODELS = ("xl430-w250", "xl430-w250", "xl330-m288", "xl330-m288", "xl330-m288", "xl330-m288")
SERVOS = {name: DynamixelServo(model, scale) for model, (name, scale) in zip(MODELS, SCALES.items(), strict=True)}


def koch_arm(port: Path, **changes: object) -> ServoArm:
    """A driver, not connected, with some settings changed."""
    config = DynamixelConfig("koch", str(port), SERVOS, "hold", 4.7, 0.5, patience_s=PATIENCE_S)
    config = replace(config, **changes)
    parts = ArmParts(config.name, config.scales, config.speed_rad_s, config.on_close)
    kinematics = Kinematics(description("so101"), STATION.joint_names)
    return ServoArm(parts, DxlServos(config), STATION.joint_names, STATION.control_hz, kinematics, RealClock())
