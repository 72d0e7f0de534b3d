"""An arm of servos whose driver is killed or stopped in a motion is held where it is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from drivers.keeper import AGAIN_S
from tests.drivers.koch_rig import koch_arm
from tests.drivers.leaping_program import LEAP_RAD
from tests.drivers.so101_rig import WITHIN_RAD, Bench, ask_for, true_joints, virtual_so101
from tests.drivers.ur_rig import wait_until
from tests.house.tree import ROOT

READINGS = 50
OPEN_RAD = 1.5


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with virtual_so101(tmp_path_factory.mktemp("so101")) as bench:
        yield bench


@contextmanager
def leaping(bench: Bench, how: signal.Signals, make: str = "so101") -> Iterator[subprocess.Popen[str]]:
    """A program that ends or stops as its arm leaps from the start pose."""
    bench.restore()
    command = [sys.executable, "-m", "tests.drivers.leaping_program", make, str(bench.port), how.name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert said(program) == "calm"
            yield program
        finally:
            program.kill()


def said(program: subprocess.Popen[str]) -> str:
    """Its next line."""
    assert program.stdout is not None
    return program.stdout.readline().strip()


def leapt_rad(bench: Bench, start: np.ndarray) -> float:
    """How far the first joint has gone once the gripper, which is told in the same moment and not held, is open."""
    assert wait_until(lambda: bench.emulator.do("truth")["joint_position_rad"]["gripper"] > OPEN_RAD)
    return float(true_joints(bench)[0] - start[0])


@pytest.mark.parametrize("drop", [0.0, 0.2])
def test_an_arm_whose_driver_is_killed_does_not_go_on_to_its_last_goal(bench: Bench, drop: float) -> None:
    with leaping(bench, signal.SIGKILL) as program:
        start = true_joints(bench)
        bench.emulator.do("faults", drop=drop)
        assert program.wait(60.0) == -signal.SIGKILL
        assert leapt_rad(bench, start) < 0.8 * LEAP_RAD


def test_an_arm_whose_driver_is_stopped_is_held_and_not_told_its_last_goal_again(bench: Bench) -> None:
    with leaping(bench, signal.SIGSTOP) as program:
        start = true_joints(bench)
        leapt = leapt_rad(bench, start)
        assert leapt < 0.8 * LEAP_RAD
        program.send_signal(signal.SIGCONT)
        told = [float(said(program)) for _ in range(READINGS)]
        np.testing.assert_allclose(told, start[0] + leapt, atol=WITHIN_RAD)
        np.testing.assert_allclose(true_joints(bench)[0], start[0] + leapt, atol=WITHIN_RAD)


def test_dynamixels_whose_driver_is_killed_do_not_go_on_either(tmp_path: Path) -> None:
    with virtual_so101(tmp_path, device="dynamixel") as bench:
        set_up = koch_arm(bench.port)  # settings are taken only without torque
        bench.emulator.do("power", on=False)
        bench.emulator.do("power", on=True)
        set_up.connect()
        set_up.close()
        with leaping(bench, signal.SIGKILL, "dynamixel") as program:
            start = true_joints(bench)
            assert program.wait(60.0) == -signal.SIGKILL
            assert leapt_rad(bench, start) < 0.8 * LEAP_RAD


def test_a_keeper_that_is_killed_is_told_and_another_comes_with_the_next_commands(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = bench.fresh()
    arm.connect()
    here = arm.read().joint_position_rad
    ask_for(arm, here)
    (first,) = keepers()
    time.sleep(AGAIN_S)
    first.kill()
    assert wait_until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE)
    ask_for(arm, here)
    (second,) = keepers()
    assert second.pid != first.pid and "nobody would have held them" in caplog.text
    monkeypatch.setattr("drivers.keeper.AGAIN_S", 600.0)  # on a busy machine it takes its time to die
    second.kill()
    assert wait_until(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)
    ask_for(arm, here)
    assert not keepers(), "not with every command"
    arm.close()


def keepers() -> list[psutil.Process]:
    """Those of this process that live."""
    children = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
    return [one for one in children if "drivers.keeper_child" in one.cmdline()]
