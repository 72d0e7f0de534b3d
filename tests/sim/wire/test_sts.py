"""The virtual STS bus speaks the servos' own bytes, and its registers keep the servos' own rules."""

from __future__ import annotations

import pytest

from sim.arm import JOINTS
from sim.scene import Scene
from sim.wire.servo_packets import Instruction, Request, split
from sim.wire.servo_table import MIDDLE, STEPS
from sim.wire.sts.arm import StsArm
from sim.wire.sts.packets import FRAMING, checksum
from sim.wire.sts.servo import MODEL_P, Register, Status, magnitude, signed

BAUD = 1_000_000
MOUNTINGS = (0, 40, -300, 0, 0, 0)


@pytest.fixture
def arm() -> StsArm:
    """Six servos on the twin's arm, whose joints are at zero."""
    arm = StsArm(Scene(JOINTS, ()), (*JOINTS, "gripper"), MOUNTINGS)
    arm.settle()
    return arm


def ask(arm: StsArm, text: str) -> list[str]:
    """Answers to a request in hexadecimal."""
    buffer = bytearray.fromhex(text)
    return [reply.data.hex(" ").upper() for request in split(buffer, FRAMING) for reply in arm.handle(request, BAUD)]


def write(arm: StsArm, servo: int, register: Register, *values: int) -> None:
    params = bytes([register, *values])
    arm.handle(Request(servo, Instruction.WRITE, params, len(params) + 6), BAUD)


def run(arm: StsArm, seconds: float) -> None:
    for _ in range(round(seconds / 0.002)):
        arm.step()


@pytest.mark.parametrize(
    ("request_bytes", "answers"),
    [
        ("FF FF 01 02 01 FB", ["FF FF 01 02 00 FC"]),
        ("FF FF 01 04 02 38 02 BE", ["FF FF 01 04 00 00 08 F2"]),
        ("FF FF 03 04 02 03 02 F1", ["FF FF 03 04 00 09 03 EC"]),
        ("FF FF 09 02 01 F3", []),
    ],
    ids=["ping", "position 2048", "model 777", "nobody"],
)
def test_the_golden_bytes_are_answered(arm: StsArm, request_bytes: str, answers: list[str]) -> None:
    assert ask(arm, request_bytes) == answers


def test_a_sync_read_is_answered_one_by_one_in_the_order_asked_with_a_gap_for_who_is_missing(arm: StsArm) -> None:
    assert ask(arm, "FF FF FE 07 82 38 02 01 02 03 38")[0] == "FF FF 01 04 00 00 08 F2"
    order = bytes([0xFE, 7, 0x82, 0x38, 2, 3, 77, 1])
    replies = ask(arm, (b"\xff\xff" + order + bytes([checksum(order)])).hex())
    assert [reply[6:8] for reply in replies] == ["03", "01"]


def test_a_broadcast_ping_is_answered_by_every_servo_in_order_of_their_ids(arm: StsArm) -> None:
    assert [reply[6:8] for reply in ask(arm, "FF FF FE 02 01 FE")] == [f"{number:02}" for number in range(1, 7)]


def test_answers_take_the_time_of_their_bytes_on_the_wire(arm: StsArm) -> None:
    for servo in range(1, 7):
        write(arm, servo, Register.RETURN_DELAY, 0)
    replies = arm.handle(Request(0xFE, Instruction.SYNC_READ, bytes([56, 2, 1, 2, 3, 4, 5, 6]), 14), BAUD)
    assert replies[-1].delay_s == pytest.approx((14 + 6 * 8) * 10e-6)


def test_a_request_with_a_wrong_checksum_or_at_another_rate_is_not_understood(arm: StsArm) -> None:
    assert ask(arm, "FF FF 01 02 01 FA") == []
    assert arm.handle(Request(1, Instruction.PING, b"", 6), 500_000) == []
    assert arm.handle(Request(1, Instruction.PING, b"", 6), 0) == []  # a rate that the port does not know


def test_noise_before_a_request_does_not_hide_it() -> None:
    buffer = bytearray.fromhex("00 FF 12 FF FF FF 01 02 01 FB FF FF 03")
    assert [request.servo_id for request in split(buffer, FRAMING)] == [1] and buffer == bytearray.fromhex("FF FF 03")


def test_the_middle_of_a_joint_is_called_2048_by_writing_128_to_the_torque(arm: StsArm) -> None:
    servo = arm.servos[2]
    assert servo.read(Register.PRESENT_POSITION, 2) == (MIDDLE - 300).to_bytes(2, "little")
    write(arm, 3, Register.TORQUE_ENABLE, 128)
    assert servo.read(Register.PRESENT_POSITION, 2) == MIDDLE.to_bytes(2, "little")
    assert signed(servo.get(Register.OFFSET), 11) == -300


def test_eeprom_forgets_at_power_off_what_was_written_while_it_was_locked(arm: StsArm) -> None:
    servo = arm.servos[0]
    write(arm, 1, Register.P, 20)
    arm.power(on=False)
    arm.power(on=True)
    assert servo.get(Register.P, 1) == 32
    write(arm, 1, Register.LOCK, 0)
    write(arm, 1, Register.P, 20)
    arm.power(on=False)
    assert arm.handle(Request(1, Instruction.PING, b"", 6), BAUD) == []
    arm.power(on=True)
    assert servo.get(Register.P, 1) == 20 and servo.get(Register.TORQUE_ENABLE, 1) == 0


def test_a_goal_moves_the_joint_there_at_the_goal_speed_and_the_registers_follow(arm: StsArm) -> None:
    for servo in range(1, 7):
        write(arm, servo, Register.P, MODEL_P)
        write(arm, servo, Register.TORQUE_ENABLE, 1)
    write(arm, 1, Register.GOAL_SPEED, *(400).to_bytes(2, "little"))
    write(arm, 1, Register.GOAL_POSITION, *(MIDDLE + 400).to_bytes(2, "little"))
    run(arm, 0.5)
    servo = arm.servos[0]
    servo.refresh()
    assert servo.get(Register.MOVING, 1) == 1
    assert signed(servo.get(Register.PRESENT_SPEED), 15) == pytest.approx(400, abs=40)
    run(arm, 1.0)
    assert int.from_bytes(servo.read(Register.PRESENT_POSITION, 2), "little") == pytest.approx(MIDDLE + 400, abs=6)
    assert servo.get(Register.MOVING, 1) == 0


def test_a_goal_outside_the_angle_limits_is_cut(arm: StsArm) -> None:
    write(arm, 1, Register.TORQUE_ENABLE, 1)
    write(arm, 1, Register.MAX_ANGLE, *(MIDDLE + 100).to_bytes(2, "little"))
    write(arm, 1, Register.GOAL_POSITION, *(STEPS - 1).to_bytes(2, "little"))
    run(arm, 1.0)
    assert int.from_bytes(arm.servos[0].read(Register.PRESENT_POSITION, 2), "little") < MIDDLE + 110


def test_without_torque_the_arm_falls_and_draws_no_current(arm: StsArm) -> None:
    before = arm.joints.position_rad.copy()
    run(arm, 0.6)
    assert abs(arm.joints.position_rad - before).max() > 0.2
    assert arm.joints.current_a.max() == 0.0


def test_a_joint_that_is_blocked_reports_overload_gives_way_and_grows_warm(arm: StsArm) -> None:
    for servo in range(1, 7):
        write(arm, servo, Register.TORQUE_ENABLE, 1)
    write(arm, 2, Register.GOAL_POSITION, *(MIDDLE + 40 + 1130).to_bytes(2, "little"))  # far down, into the table
    run(arm, 5.0)
    servo = arm.servos[1]
    servo.refresh()
    assert Status.OVERLOAD in servo.status
    assert abs(signed(servo.get(Register.PRESENT_LOAD), 10)) <= 205
    assert arm.joints.temperature_c[1] > arm.joints.temperature_c[4] + 0.3
    assert ask(arm, "FF FF 02 02 01 FA")[0].split()[4] == "20"


@pytest.mark.parametrize(("value", "bit"), [(0, 15), (1, 15), (-1, 15), (-700, 11), (1000, 10), (-1000, 10)])
def test_numbers_with_a_sign_bit_go_there_and_back(value: int, bit: int) -> None:
    assert signed(magnitude(value, bit), bit) == value
