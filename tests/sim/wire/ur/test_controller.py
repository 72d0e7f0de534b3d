"""The virtual controller in lock-step: what moves the arm, and what stops it."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.errors import BorderError
from sim.wire.ur.controller import Controller, RobotMode, SafetyMode
from sim.wire.ur.dashboard import answer
from sim.wire.ur.packets import Kind, packet
from sim.wire.ur.session import Session
from tests.sim.wire.ur.rig import SCRIPT, START_RAD, Rig

STOPPED, PLAYING = (1,), (2,)
STILL_RAD = 2e-3  # the servos settle after the brake


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A controller that runs a program."""
    made = Rig(monkeypatch)
    made.start()
    return made


def servo(rig: Rig, offset_rad: float, cycles: int) -> None:
    goal = START_RAD + np.eye(6)[0] * offset_rad
    rig.send(11, *goal, 0.0, 0.0, 0.008, 0.05, 600.0)
    rig.run(cycles)


def test_a_known_script_plays_and_an_unknown_one_does_not(rig: Rig) -> None:
    assert rig.controller.outputs["runtime_state"] == PLAYING and rig.state == 1
    rig.controller.end_program("by the test")
    rig.controller.run_script(b"def own():\n movej([0,0,0,0,0,0])\nend\n")
    rig.run()
    assert rig.controller.outputs["runtime_state"] == STOPPED


def test_a_servo_target_is_reached_and_held_by_the_physics(rig: Rig) -> None:
    servo(rig, 0.1, 500)
    assert rig.joint() == pytest.approx(0.1, abs=1e-3)


def test_a_joint_move_reports_done_only_at_its_end_and_ready_when_cleared(rig: Rig) -> None:
    rig.send(1, *(START_RAD + 0.2), 1.0, 2.0)
    assert rig.state == 1
    rig.run(200)
    assert rig.state == 1, "not there yet"
    rig.run(200)
    assert rig.state == 2 and rig.joint() == pytest.approx(0.2, abs=1e-3)
    rig.send(0)
    assert rig.state == 1


def test_a_command_left_in_the_register_is_carried_out_once(rig: Rig) -> None:
    rig.send(16, 10.0)
    rig.run(20)
    assert rig.state == 2
    servo(rig, 0.05, 1)
    assert rig.state == 1


def test_a_command_that_is_not_emulated_ends_the_program(rig: Rig) -> None:
    rig.send(6)
    assert rig.controller.outputs["runtime_state"] == STOPPED


def test_the_watchdog_ends_the_program_of_a_client_that_went_silent(rig: Rig) -> None:
    rig.send(35, 10.0)
    rig.run(40)
    assert rig.controller.outputs["runtime_state"] == PLAYING
    rig.run(20)
    assert rig.controller.outputs["runtime_state"] == STOPPED


def stopped(controller: Controller, fault: str) -> None:
    if fault == "protective stop":
        controller.protective_stop("by the test")
    else:
        controller.emergency_stop(True)


@pytest.mark.parametrize(
    ("fault", "bits", "mode"),
    [
        ("protective stop", 1 << 2 | 1 << 10, RobotMode.RUNNING),
        ("emergency stop", 1 << 6 | 1 << 7 | 1 << 10, RobotMode.POWER_OFF),
    ],
)
def test_a_safety_stop_brakes_the_arm_ends_the_program_and_is_told(rig: Rig, fault: str, bits: int, mode: int) -> None:
    servo(rig, 1.0, 100)
    stopped(rig.controller, fault)
    rig.run(100)
    out, held = dict(rig.controller.outputs), rig.joint()
    assert out["safety_status_bits"] == (bits,) and out["robot_mode"] == (mode,) and out["runtime_state"] == STOPPED
    rig.run(100)
    assert rig.joint() == pytest.approx(held, abs=STILL_RAD) and held < 0.9


@pytest.mark.parametrize("cleared", [True, False])
def test_a_program_started_anew_moves_the_arm_only_if_an_old_command_was_left_in_the_register(
    rig: Rig, cleared: bool
) -> None:
    servo(rig, 0.5, 50)
    rig.controller.protective_stop("by the test")
    rig.run(100)
    held = rig.joint()
    assert answer("unlock protective stop\n", rig.controller) == "Protective stop releasing\n"
    rig.run(100)
    assert rig.joint() == pytest.approx(held, abs=STILL_RAD)
    if cleared:
        rig.send(0)
    rig.controller.run_script(SCRIPT)
    rig.run(200)
    assert (abs(rig.joint() - held) < STILL_RAD) == cleared


def test_power_comes_back_only_after_the_button_is_pulled_out(rig: Rig) -> None:
    rig.controller.emergency_stop(True)
    assert answer("brake release", rig.controller).startswith("Cannot")
    rig.controller.emergency_stop(False)
    assert rig.controller.safety_mode is SafetyMode.NORMAL and rig.controller.robot_mode is RobotMode.POWER_OFF
    assert answer("brake release", rig.controller) == "Brake releasing\n"
    assert answer("robotmode", rig.controller) == "Robotmode: RUNNING\n"


def test_the_force_is_zero_once_the_payload_is_told_and_what_pushes_from_then_on(rig: Rig) -> None:
    rig.send(17, 0.9, 0.0, 0.0, 0.0572)
    rig.send(0)
    rig.run(200)
    force = np.array(rig.controller.outputs["actual_TCP_force"])
    assert np.abs(force).max() < 0.3
    rig.controller.body.push([0.0, 5.0, 20.0])
    rig.run(300)
    pushed = np.array(rig.controller.outputs["actual_TCP_force"])[:3]
    np.testing.assert_allclose(pushed, [0.0, 5.0, 20.0], atol=0.5)


def test_an_unknown_variable_is_named_and_the_recipe_refused(rig: Rig) -> None:
    session = Session(rig.controller)
    wanted = session.receive(packet(Kind.INPUTS, b"input_int_register_0,nonsense"))
    assert wanted == packet(Kind.INPUTS, b"\x00INT32,NOT_FOUND")
    with pytest.raises(BorderError, match="never agreed"):
        session.receive(packet(Kind.DATA, b"\x01\x00\x00\x00\x00"))


def test_data_comes_at_the_rate_that_was_asked_for(rig: Rig) -> None:
    session = Session(rig.controller)
    session.receive(packet(Kind.OUTPUTS, bytes.fromhex("405f400000000000") + b"timestamp,"))
    assert session.due() == b""
    session.receive(packet(Kind.START))
    assert sum(bool(session.due()) for _ in range(400)) == 100
