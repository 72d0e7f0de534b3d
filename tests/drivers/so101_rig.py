"""An SO-101 on a virtual bus for the tests of this room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from calibration.joints import ServoScale
from drivers.clock import RealClock
from drivers.feetech import SPEED_RAD_S, StsServos
from drivers.feetech_config import FeetechConfig
from drivers.servo_arm import ArmParts, ServoArm
from robolearn.contracts import ArmCommand, CommandMode
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from tests.drivers.emulators import Emulator, emulating
from tests.sim.cells import STATION

TASK = "cube_in_bin"
RANGES = {
    "shoulder_pan": (796, 3300), "shoulder_lift": (910, 3186), "elbow_flex": (946, 3150),
    "wrist_flex": (967, 3129), "wrist_roll": (0, 4095), "gripper": (1934, 3186),
}  # fmt: skip
WITHIN_RAD = np.deg2rad(0.6)
PATIENT_S = 20.0  # for what takes two seconds at most on a machine of its own
PATIENCE_S = 0.1  # of a machine that does other things besides
SCALES = {name: ServoScale(at + 1, 0, 0, low, high) for at, (name, (low, high)) in enumerate(RANGES.items())}


def so101_config(port: Path, **changes: object) -> FeetechConfig:
    """The arm at a port, with some settings changed."""
    config = FeetechConfig(str(port), SCALES, on_close="hold", gripper_torque=0.27, patience_s=PATIENCE_S)
    return replace(config, **changes)


def so101_arm(config: FeetechConfig) -> ServoArm:
    """A driver, not connected."""
    parts = ArmParts("so101", config.servos, SPEED_RAD_S, config.on_close)
    kinematics = Kinematics(description("so101"), STATION.joint_names)
    return ServoArm(parts, StsServos(config), STATION.joint_names, STATION.control_hz, kinematics, RealClock())


class Bench:
    """The virtual arm of this module, and where it is plugged in."""

    def __init__(self, emulator: Emulator, port: Path) -> None:
        self.emulator, self.port = emulator, port

    def fresh(self, **changes: object) -> ServoArm:
        """A driver of the arm at its start pose, on a good line."""
        self.restore()
        return so101_arm(so101_config(self.port, **changes))

    def restore(self) -> None:
        """The start pose, held, on a good line."""
        self.emulator.heal()
        self.emulator.do("reset", seed=0, task=TASK)
        for servo in range(len(RANGES)):
            self.emulator.do("register", servo=servo, name="TORQUE_ENABLE", size=1, value=1)


@contextmanager
def virtual_so101(folder: Path, *words: str, device: str = "so101") -> Iterator[Bench]:
    """A virtual arm that holds its start pose."""
    with emulating(folder, device, "--port", str(folder / "port"), "--held", *words) as emulator:
        yield Bench(emulator, folder / "port")


def true_joints(bench: Bench) -> np.ndarray:
    """Where the virtual arm really is (5,) [rad]."""
    joints = bench.emulator.do("truth")["joint_position_rad"]
    return np.array([joints[name] for name in STATION.joint_names])


def ask_for(arm: ServoArm, values: np.ndarray) -> None:
    """A goal for its joints (5,) [rad], now."""
    arm.command(ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, values, None))
