"""What goes wrong with an SO-101 is told with the way out, nothing stale is believed, and nothing moves by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivers.servo_arm import ServoArm
from drivers.servo_bus import unopened
from drivers.sts_bus import sts_bus
from robolearn.errors import DeviceError
from tests.drivers.so101_rig import (
    PATIENT_S,
    SCALES,
    WITHIN_RAD,
    Bench,
    ask_for,
    so101_arm,
    so101_config,
    true_joints,
    virtual_so101,
)
from tests.drivers.stopping import readable
from tests.drivers.ur_rig import wait_until

PRESSING_RAD, PRESSING_S = 0.6, 4.0  # well into the table, and for longer than a servo bears


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


@pytest.fixture
def arm(bench: Bench) -> Iterator[ServoArm]:
    arm = bench.fresh()
    arm.connect()
    yield arm
    arm.close()
    bench.emulator.heal()


def refused(bench: Bench, **changes: object) -> str:
    """What connecting is refused with; the virtual arm must not have moved, and its torque is as it was."""
    arm = bench.fresh(**changes)
    before, torque = true_joints(bench), bench.emulator.do("truth")["torque"]
    with pytest.raises(DeviceError) as caught:
        arm.connect()
    np.testing.assert_allclose(true_joints(bench), before, atol=0.002)
    assert bench.emulator.do("truth")["torque"] == torque
    return str(caught.value)


def test_a_reading_is_where_the_arm_is(bench: Bench, arm: ServoArm) -> None:
    np.testing.assert_allclose(arm.read().joint_position_rad, true_joints(bench), atol=WITHIN_RAD)


def test_a_missing_port_is_named(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="there is no port .*nowhere: is the cable plugged in"):
        so101_arm(so101_config(tmp_path / "nowhere")).connect()


def test_a_port_without_permission_is_named() -> None:
    assert "usermod -aG dialout" in unopened("/dev/ttyACM0", PermissionError(13, "Permission denied"))


def test_a_port_in_use_is_named(bench: Bench, arm: ServoArm) -> None:
    with pytest.raises(DeviceError, match="in use by another program"):
        so101_arm(so101_config(bench.port)).connect()


def test_a_servo_with_another_id_is_named_with_those_that_answer(bench: Bench) -> None:
    servos = {**SCALES, "wrist_flex": replace(SCALES["wrist_flex"], id=9)}
    told = refused(bench, servos=servos)
    assert "servo 9 (wrist_flex)" in told and "besides those of the file: 4." in told


def test_two_servos_with_one_id_are_named(bench: Bench) -> None:
    bench.emulator.do("register", servo=3, name="ID", size=1, value=2)
    try:
        told = refused(bench)
    finally:
        bench.emulator.do("register", servo=3, name="ID", size=1, value=4)
    assert "2 (shoulder_lift)" in told and "two servos probably have that id" in told


def test_another_model_and_another_firmware_are_named(bench: Bench) -> None:
    assert "is of model 777, the station's file says 2825" in refused(bench, model=2825)
    bench.emulator.do("register", servo=4, name="FIRMWARE", size=1, value=2)
    try:
        told = refused(bench)
    finally:
        bench.emulator.do("register", servo=4, name="FIRMWARE", size=1, value=3)
    assert "differ in firmware" in told and "wrist_roll 2.10" in told


def test_another_baud_rate_is_named(bench: Bench) -> None:
    assert "talk at 1000000 bits/s, not 500000" in refused(bench, baud=500_000)


def test_an_arm_without_power_is_named(bench: Bench) -> None:
    arm = bench.fresh()
    bench.emulator.do("power", on=False)
    try:
        with pytest.raises(DeviceError, match="no servo answers: is the arm's power supply on"):
            arm.connect()
    finally:
        bench.emulator.do("power", on=True)


def test_a_joint_outside_its_calibrated_range_is_named(bench: Bench) -> None:
    servos = {**SCALES, "elbow_flex": replace(SCALES["elbow_flex"], range_min=2600)}
    assert "elbow_flex (servo 3) stands at" in refused(bench, servos=servos)


def test_a_scale_of_another_arm_is_named(bench: Bench) -> None:
    servos = {**SCALES, "wrist_roll": replace(SCALES["wrist_roll"], homing_offset=-120)}
    assert "keeps the homing offset 0, its calibration says -120" in refused(bench, servos=servos)


def test_a_late_answer_is_not_taken_for_the_next(bench: Bench) -> None:
    """The library alone reads a stale position as a voltage here."""
    bench.fresh()
    bus = sts_bus(str(bench.port), 1_000_000, 0.02)
    bus.open()
    try:
        voltage = bus.read(2, 62, 1)
        bench.emulator.do("faults", delay_s=0.035)
        wrong = [bus.blocks([2], 56, 2) for _ in range(3)]
        bench.emulator.do("faults", delay_s=0.0)
        assert not any(wrong)
        assert [bus.read(2, 62, 1) for _ in range(5)] == [voltage] * 5
    finally:
        bus.close()


def test_a_silent_servo_hides_no_other_and_leaves_no_old_value(bench: Bench) -> None:
    bench.fresh()
    bus = sts_bus(str(bench.port), 1_000_000, 0.2)
    bus.open()
    try:
        bench.emulator.do("register", servo=2, name="ID", size=1, value=77)
        found = bus.blocks([1, 2, 3, 4, 5, 6], 56, 15)
        assert sorted(found) == [1, 2, 4, 5, 6]
    finally:
        bench.emulator.do("register", servo=2, name="ID", size=1, value=3)
        bus.close()


@pytest.mark.parametrize("faults", [{"split": 3}, {"delay_s": 0.01}, {"drop": 0.05, "late": 0.05, "corrupt": 0.01}])
def test_on_a_bad_line_readings_are_right_or_none(bench: Bench, arm: ServoArm, faults: dict[str, float]) -> None:
    here = true_joints(bench)
    bench.emulator.do("faults", **faults)
    right = 0
    for _ in range(30):
        try:
            state = arm.read()
        except DeviceError:
            continue
        right += 1
        np.testing.assert_allclose(state.joint_position_rad, here, atol=WITHIN_RAD)
        assert time.monotonic_ns() - state.stamp_ns < 300_000_000
    assert right > 5 and arm.fault is None


def test_a_frozen_line_gives_no_reading_and_then_a_fault(bench: Bench, arm: ServoArm) -> None:
    arm.read()
    bench.emulator.do("faults", freeze=True)
    until_s = time.monotonic() + PATIENT_S
    while arm.fault is None and time.monotonic() < until_s:
        with pytest.raises(DeviceError):
            time.sleep(0.15)
            arm.read()
    assert "no servo answers" in (arm.fault or "")
    bench.emulator.do("faults", freeze=False)
    arm.read()
    with pytest.raises(DeviceError, match="no servo answers"):
        ask_for(arm, true_joints(bench))
    arm.rearm()
    ask_for(arm, true_joints(bench))


def test_an_arm_that_is_unplugged_comes_back_by_itself_and_moves_only_after_rearm(bench: Bench, arm: ServoArm) -> None:
    for _ in range(3):
        before = true_joints(bench)
        bench.emulator.do("faults", unplug=True)
        assert wait_until(lambda: not readable(arm))
        assert "lost" in (arm.fault or "")
        bench.emulator.do("faults", unplug=False)
        assert wait_until(lambda: readable(arm))
        with pytest.raises(DeviceError, match="lost"):
            ask_for(arm, before + 0.1)
        np.testing.assert_allclose(true_joints(bench), before, atol=0.005)
        arm.rearm()
        ask_for(arm, before)
    assert arm.diagnostics["losses"] == 3


def test_a_servo_that_reports_trouble_stops_the_arm_until_it_is_well_and_rearmed(bench: Bench, arm: ServoArm) -> None:
    bench.emulator.do("status", servo=1, name="TEMPERATURE", on=True)
    arm.read()
    assert arm.fault == "servo of shoulder_lift: overheated"
    with pytest.raises(DeviceError, match="stopped"):
        ask_for(arm, true_joints(bench))
    with pytest.raises(DeviceError, match="Relieve or cool it"):
        arm.rearm()
    bench.emulator.do("status", servo=1, name="TEMPERATURE", on=False)
    arm.rearm()
    assert arm.fault is None


def test_a_servo_that_gave_way_under_load_tries_again_after_rearm(bench: Bench, arm: ServoArm) -> None:
    bench.emulator.do("status", servo=2, name="OVERLOAD", on=True)
    arm.read()
    assert arm.fault == "servo of elbow_flex: overload"
    arm.rearm()
    ask_for(arm, true_joints(bench))


def test_an_arm_that_presses_on_the_table_does_not_give_way_unless_it_may_use_all_its_torque(bench: Bench) -> None:
    for joint_torque, fault in ((0.75, None), (1.0, "servo of shoulder_lift: overload")):
        arm = bench.fresh(joint_torque=joint_torque)
        arm.connect()
        start = arm.read().joint_position_rad
        _press(arm, start + np.array([0.0, PRESSING_RAD, 0.0, 0.0, 0.0]), PRESSING_S)
        assert arm.fault == fault
        arm.close()


def _press(arm: ServoArm, target_rad: np.ndarray, seconds: float) -> None:
    """Go on asking for what the table forbids, until the arm stops itself or the time is over."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s and arm.fault is None:
        ask_for(arm, target_rad)
        arm.read()
        time.sleep(0.02)


def test_a_raised_arm_is_held_when_its_driver_ends_and_let_down_slowly_only_if_the_file_says_so(bench: Bench) -> None:
    raised = None
    for on_close, held in (("hold", True), ("release", False)):
        arm = bench.fresh(on_close=on_close)
        arm.connect()
        raised = true_joints(bench)
        start_s = time.monotonic()
        arm.close()
        assert all(bench.emulator.do("truth")["torque"]) == held
        time.sleep(0.3)
        moved = float(np.abs(true_joints(bench) - raised).max())
        assert moved < 0.005 if held else moved > 0.1 and time.monotonic() - start_s > 1.5


def test_waiting_for_an_answer_costs_no_core(bench: Bench, arm: ServoArm) -> None:
    bench.emulator.do("faults", freeze=True)
    start_s, start = time.monotonic(), time.process_time()
    with pytest.raises(DeviceError):
        for _ in range(20):
            arm.read()
    waited_s, worked_s = time.monotonic() - start_s, time.process_time() - start
    assert worked_s < 0.3 * waited_s
