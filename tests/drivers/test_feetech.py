"""The driver of SO-101 arms keeps the rules of an arm on a virtual bus, and tells every fault before anything moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivers.clock import RealClock
from drivers.servo_arm import ServoArm
from robolearn.errors import DeviceError
from tests.contract.arm import ArmContract, ArmRig
from tests.drivers.emulators import Emulator, emulating
from tests.drivers.so101_rig import SCALES, so101_arm, so101_config

TASK = "cube_in_bin"


class Bench:
    """The virtual arm of this module, and where it is plugged in."""

    def __init__(self, emulator: Emulator, port: Path) -> None:
        self.emulator, self.port = emulator, port

    def fresh(self, **changes: object) -> ServoArm:
        """A driver of the arm at its start pose, on a good line."""
        self.emulator.heal()
        self.emulator.do("reset", seed=0, task=TASK)
        return so101_arm(so101_config(self.port, **changes))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("so101")
    with emulating(folder, "so101", "--port", str(folder / "port"), "--held") as emulator:
        yield Bench(emulator, folder / "port")


@pytest.fixture
def arm(bench: Bench) -> Iterator[ServoArm]:
    arm = bench.fresh()
    arm.connect()
    yield arm
    arm.close()


class TestFeetechArm(ArmContract):
    """An SO-101 at its start pose."""

    bench: Bench

    @pytest.fixture(autouse=True)
    def _on(self, bench: Bench) -> None:
        self.bench = bench

    def make(self) -> ArmRig:
        """A new driver of the one virtual arm."""
        return ArmRig(self.bench.fresh(), RealClock(), lambda: None)
