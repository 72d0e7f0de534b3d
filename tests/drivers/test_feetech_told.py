"""What the servos of an SO-101 are told, as it arrives: goals are put right, torque is never more than it was."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np

from drivers.servos import LET_DOWN_STEPS
from tests.drivers.so101_rig import SCALES, WITHIN_RAD, ask_for, true_joints, virtual_so101
from tests.drivers.stopping import readable
from tests.drivers.ur_rig import wait_until

WRONG_STEPS = 300
GOALS = re.compile(rb"\xff\xff\xfe.\x83\x2a\x02", re.DOTALL)  # sync write
QUESTIONS = re.compile(rb"\xff\xff\xfe.\x82\x28", re.DOTALL)  # sync read from the torque on
TORQUE_LIMITS = re.compile(rb"\xff\xff\xfe\x16\x83\x30\x02(.{18})", re.DOTALL)  # sync write to six servos


def test_a_goal_that_arrived_wrong_is_put_right_with_the_next_reading(tmp_path: Path) -> None:
    with virtual_so101(tmp_path) as bench:
        arm = bench.fresh()
        arm.connect()
        here = arm.read().joint_position_rad
        ask_for(arm, here)
        arm.read()  # answered after the goal
        wrong = round(float(SCALES["shoulder_pan"].steps(here[0]))) + WRONG_STEPS
        bench.emulator.do("register", servo=0, name="GOAL_POSITION", size=2, value=wrong)
        assert wait_until(lambda: abs(true_joints(bench)[0] - here[0]) > 0.02)
        arm.read()
        assert wait_until(lambda: bool(np.allclose(true_joints(bench), here, atol=WITHIN_RAD)))
        arm.close()


def test_servos_that_were_without_power_are_not_told_again_what_they_were_told_before(tmp_path: Path) -> None:
    log = tmp_path / "bytes"
    with virtual_so101(tmp_path, "--log", str(log)) as bench:
        arm = bench.fresh()
        arm.connect()
        ask_for(arm, arm.read().joint_position_rad)
        bench.emulator.do("power", on=False)
        assert wait_until(lambda: not readable(arm) and arm.fault is not None)
        before = arm.diagnostics["reads"]
        bench.emulator.do("power", on=True)
        assert wait_until(lambda: readable(arm))
        arm.read()
        asked = arm.diagnostics["reads"] - before
        *_, last = GOALS.finditer(heard(log))
        assert asked >= 2 and len(QUESTIONS.findall(heard(log), last.end())) >= asked, "no goal between these questions"
        arm.close()


def test_no_servo_is_let_down_with_more_torque_than_it_had(tmp_path: Path) -> None:
    log = tmp_path / "bytes"
    with virtual_so101(tmp_path, "--log", str(log)) as bench:
        arm = bench.fresh(on_close="release")
        arm.connect()
        arm.close()
    limits = np.array([list(struct.iter_unpack("<BH", servos)) for servos in TORQUE_LIMITS.findall(heard(log))])
    assert len(limits) == LET_DOWN_STEPS
    np.testing.assert_array_equal(limits[0], [[1, 750], [2, 750], [3, 750], [4, 750], [5, 750], [6, 270]])
    assert (np.diff(limits[:, :, 1], axis=0) < 0).all()


def heard(log: Path) -> bytes:
    """Everything that the servos have been told so far."""
    lines = log.read_text(encoding="ascii").splitlines()
    return b"".join(bytes.fromhex(line.split(" ", 3)[3]) for line in lines if " in " in line)
