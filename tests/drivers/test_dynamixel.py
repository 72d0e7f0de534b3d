"""The driver of Dynamixel arms keeps the rules of an arm, on a virtual bus that is a process of its own."""

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
from tests.drivers.koch_rig import SERVOS, koch_arm
from tests.drivers.so101_rig import Bench, ask_for, true_joints, virtual_so101
from tests.drivers.ur_rig import wait_until


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("koch"), device="dynamixel") as bench:
        arm = new_arm(bench, held=False)  # settings are taken only without torque
        arm.connect()
        arm.close()
        yield bench


@pytest.fixture
def arm(bench: Bench) -> Iterator[ServoArm]:
    arm = new_arm(bench)
    arm.connect()
    yield arm
    arm.close()


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


def test_an_overload_bars_the_torque_until_the_power_was_off_and_rearming_says_so(bench: Bench, arm: ServoArm) -> None:
    bench.emulator.do("status", servo=1, name="OVERLOAD", on=True)
    assert wait_until(lambda: not bench.emulator.do("truth")["torque"][1])
    arm.read()
    with pytest.raises(DeviceError, match="servo of shoulder_lift: overload.*switch its power off and on"):
        arm.rearm()
    bench.emulator.do("power", on=False)
    bench.emulator.do("power", on=True)
    arm.rearm()
    assert arm.fault is None and all(bench.emulator.do("truth")["torque"])


def test_a_servo_that_started_anew_is_named_and_held_again_by_rearming(bench: Bench, arm: ServoArm) -> None:
    ask_for(arm, arm.read().joint_position_rad)
    bench.emulator.do("register", servo=1, name="TORQUE_ENABLE", size=1, value=0)
    arm.read()
    assert arm.fault == "servo of shoulder_lift: torque off, as after a loss of power"
    arm.rearm()
    assert arm.fault is None and all(bench.emulator.do("truth")["torque"])


def test_an_alert_of_a_servo_that_is_not_heard_does_not_keep_the_others_from_being_held(
    bench: Bench, arm: ServoArm
) -> None:
    here = arm.read().joint_position_rad
    ask_for(arm, here + np.eye(len(here))[0])
    assert wait_until(lambda: bool(arm.read().joint_position_rad[0] - here[0] > 0.1))
    bench.emulator.do("status", servo=1, name="VOLTAGE", on=True)
    bench.emulator.do("garble", servo=1, on=True)
    arm.stop("by the test")
    bench.emulator.do("garble", servo=1, on=False)
    time.sleep(1.0)
    assert true_joints(bench)[0] < here[0] + 0.8


def test_a_joint_below_the_zero_of_its_encoder_is_held_at_the_end_of_its_range(tmp_path: Path) -> None:
    below, far_below = 10, 200  # the arm has sunk to the table, and stirs
    with virtual_so101(tmp_path, device="dynamixel") as bench:
        pan = SERVOS["shoulder_pan"]
        start = round(float(pan.scale.steps(true_joints(bench)[0])))
        scale = replace(pan.scale, homing_offset=-start - below, range_min=0, range_max=2000)
        arm = new_arm(bench, held=False, servos={**SERVOS, "shoulder_pan": replace(pan, scale=scale)})
        bench.emulator.do("register", servo=0, name="HOMING_OFFSET", size=4, value=scale.homing_offset)
        arm.connect()
        assert abs(pan_steps(arm)) < far_below / 2
        bench.emulator.do("register", servo=0, name="GOAL_PWM", size=2, value=0)  # its motor cannot bring it back
        bench.emulator.do("register", servo=0, name="HOMING_OFFSET", size=4, value=scale.homing_offset - far_below)
        assert wait_until(lambda: pan_steps(arm) < -far_below / 2)
        arm.stop("by the test")
        assert wait_until(lambda: pan_steps(arm) < -far_below / 2)
        arm.rearm()
        assert arm.fault is None
        arm.close()


def pan_steps(arm: ServoArm) -> int:
    """Where the first joint is, as its servo says."""
    arm.read()
    servos = arm.diagnostics["servos"]
    assert isinstance(servos, dict)
    return int(servos["shoulder_pan"]["position_steps"])


@pytest.mark.parametrize(
    ("faults", "least"),
    [({"drop": 0.03, "late": 0.03, "corrupt": 0.002}, 6), ({"drop": 0.05, "late": 0.05, "corrupt": 0.01}, 0)],
    ids=["bad", "hopeless"],
)
def test_on_a_bad_line_readings_are_right_or_none(bench: Bench, faults: dict[str, float], least: int) -> None:
    arm = new_arm(bench)
    arm.connect()
    here = arm.read().joint_position_rad
    bench.emulator.do("faults", **faults)
    right = 0
    for _ in range(40):
        try:
            np.testing.assert_allclose(arm.read().joint_position_rad, here, atol=0.01)
        except DeviceError:
            continue
        right += 1
    assert right >= least and arm.fault is None
    arm.close()
    bench.emulator.heal()
