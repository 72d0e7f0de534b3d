"""The driver of Dynamixel arms keeps the rules of an arm, on a virtual bus that is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from drivers.clock import RealClock
from drivers.servo_arm import ServoArm
from robolearn.errors import DeviceError
from tests.contract.arm import ArmContract, ArmRig
from tests.drivers.koch_rig import SERVOS, koch_arm
from tests.drivers.so101_rig import Bench, virtual_so101


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("koch"), device="dynamixel") as bench:
        arm = new_arm(bench, held=False)  # settings are taken only without torque
        arm.connect()
        arm.close()
        yield bench


def new_arm(bench: Bench, held: bool = True, **changes: object) -> ServoArm:
    """A driver of the virtual arm at its start pose; its servos have just been switched on."""
    bench.emulator.do("power", on=False)
    bench.emulator.do("power", on=True)
    if held:
        bench.restore()
    return koch_arm(bench.port, **changes)


class TestDynamixelArm(ArmContract):
    """An arm of the Koch class at its start pose."""

    bench: Bench

    @pytest.fixture(autouse=True)
    def _on(self, bench: Bench) -> None:
        self.bench = bench

    def make(self) -> ArmRig:
        """A new driver of the one virtual arm."""
        return ArmRig(new_arm(self.bench), RealClock(), lambda: None)


def test_what_a_servo_does_not_measure_is_none(bench: Bench) -> None:
    arm = new_arm(bench)
    arm.connect()
    arm.read()
    servos = arm.diagnostics["servos"]
    assert isinstance(servos, dict)
    assert servos["shoulder_pan"]["current_a"] is None and servos["gripper"]["current_a"] is not None
    arm.close()


def test_another_model_is_named(bench: Bench) -> None:
    servos = {**SERVOS, "elbow_flex": replace(SERVOS["elbow_flex"], model="xm430-w350")}
    with pytest.raises(DeviceError, match="is of model 1200, the station's file says xm430-w350"):
        new_arm(bench, servos=servos).connect()


def test_servos_that_hold_with_other_settings_are_not_dropped_but_told(bench: Bench) -> None:
    scale = replace(SERVOS["wrist_roll"].scale, range_max=4000)
    with pytest.raises(DeviceError, match=r"servo 5 \(wrist_roll\) holds with other settings"):
        new_arm(bench, servos={**SERVOS, "wrist_roll": replace(SERVOS["wrist_roll"], scale=scale)}).connect()
    assert all(bench.emulator.do("truth")["torque"])


def test_a_servo_that_does_not_answer_is_named(bench: Bench) -> None:
    scale = replace(SERVOS["gripper"].scale, id=12)
    with pytest.raises(DeviceError, match=r"no answer .* servo 12 \(gripper\); ids that answer besides .*: 6\."):
        new_arm(bench, servos={**SERVOS, "gripper": replace(SERVOS["gripper"], scale=scale)}).connect()


def test_a_hardware_error_stops_the_arm(bench: Bench) -> None:
    arm = new_arm(bench)
    arm.connect()
    bench.emulator.do("status", servo=1, name="OVERLOAD", on=True)
    arm.read()
    assert arm.fault == "servo of shoulder_lift: overload"
    bench.emulator.do("status", servo=1, name="OVERLOAD", on=False)
    arm.close()


def test_on_a_bad_line_readings_are_right_or_none(bench: Bench) -> None:
    arm = new_arm(bench)
    arm.connect()
    here = arm.read().joint_position_rad
    bench.emulator.do("faults", drop=0.05, late=0.05, corrupt=0.01)
    right = 0
    for _ in range(40):
        try:
            np.testing.assert_allclose(arm.read().joint_position_rad, here, atol=0.01)
        except DeviceError:
            continue
        right += 1
    assert right > 3 and arm.fault is None
    arm.close()
    bench.emulator.heal()
