"""The virtual Dynamixel bus speaks the bytes of the makers' manual, and its tables keep the servos' own rules."""

from __future__ import annotations

import pytest

from sim.arm import JOINTS
from sim.scene import Scene
from sim.wire.dxl.arm import DxlArm
from sim.wire.dxl.packets import FRAMING, answer, packet
from sim.wire.dxl.servo import ACCESS_ERROR, Register
from sim.wire.line import Line, LineFaults
from sim.wire.servo_packets import Instruction, Request, split
from sim.wire.servo_table import MIDDLE

BAUD = 1_000_000
KOCH = ["xl430-w250"] * 2 + ["xl330-m288"] * 4


@pytest.fixture
def arm() -> DxlArm:
    """Six servos on the twin's arm, whose joints are at zero."""
    arm = DxlArm(Scene(JOINTS, ()), (*JOINTS, "gripper"), [0] * 6, KOCH)
    arm.settle()
    return arm


def ask(arm: DxlArm, data: bytes) -> bytes:
    """Everything that is answered."""
    line = Line(LineFaults())
    arm.receive(bytearray(data), BAUD, line, 0.0)
    return line.take(1.0)


def run(arm: DxlArm, seconds: float) -> None:
    for _ in range(round(seconds / 0.002)):
        arm.step()


@pytest.mark.parametrize(
    ("whole", "servo", "instruction", "params"),
    [
        ("FF FF FD 00 01 03 00 01 19 4E", 1, Instruction.PING, ""),
        ("FF FF FD 00 FE 03 00 01 31 42", 0xFE, Instruction.PING, ""),
        ("FF FF FD 00 01 07 00 02 84 00 04 00 1D 15", 1, Instruction.READ, "84 00 04 00"),
        ("FF FF FD 00 01 09 00 03 74 00 00 02 00 00 CA 89", 1, Instruction.WRITE, "74 00 00 02 00 00"),
    ],
)
def test_the_golden_bytes_of_the_manual_are_understood_and_made(
    whole: str, servo: int, instruction: int, params: str
) -> None:
    data = bytes.fromhex(whole)
    assert split(bytearray(data), FRAMING) == [Request(servo, instruction, bytes.fromhex(params), len(data))]
    assert packet(servo, instruction, bytes.fromhex(params)) == data


def test_the_golden_answer_to_a_ping_is_made() -> None:
    assert answer(1, 0, bytes.fromhex("06 04 26")) == bytes.fromhex("FF FF FD 00 01 07 00 55 00 06 04 26 65 5D")


def test_data_that_looks_like_a_header_is_stuffed_and_comes_back_whole() -> None:
    params = bytes.fromhex("74 00 FF FF FD 00")
    data = packet(1, Instruction.WRITE, params)
    assert bytes.fromhex("FF FF FD FD 00") in data and split(bytearray(data), FRAMING)[0].params == params


def test_a_ping_tells_model_and_firmware_and_a_sync_read_is_answered_in_order(arm: DxlArm) -> None:
    assert ask(arm, packet(1, Instruction.PING, b""))[9:12] == (1060).to_bytes(2, "little") + bytes([46])
    params = bytes([132, 0, 4, 0, 3, 77, 1])
    replies = split(bytearray(ask(arm, packet(0xFE, Instruction.SYNC_READ, params))), FRAMING)
    assert [(reply.servo_id, reply.params) for reply in replies] == [
        (servo, b"\0" + MIDDLE.to_bytes(4, "little")) for servo in (3, 1)
    ]


def test_a_packet_with_a_wrong_checksum_is_not_understood(arm: DxlArm) -> None:
    assert ask(arm, bytes.fromhex("FF FF FD 00 01 03 00 01 19 4F")) == b""


def test_settings_are_refused_while_the_torque_is_on(arm: DxlArm) -> None:
    servo = arm.servos[0]
    assert servo.write(Register.OPERATING_MODE, b"\x04") == 0
    arm.hold()
    assert servo.write(Register.OPERATING_MODE, b"\x03") == ACCESS_ERROR
    assert servo.get(Register.OPERATING_MODE, 1) == 4


def test_a_goal_moves_the_joint_there_and_an_overload_switches_it_off(arm: DxlArm) -> None:
    arm.hold()
    ask(arm, packet(1, Instruction.WRITE, bytes([116, 0]) + (MIDDLE + 300).to_bytes(4, "little")))
    run(arm, 1.0)
    servo = arm.servos[0]
    servo.refresh()
    assert servo.get(Register.PRESENT_POSITION, 4) == pytest.approx(MIDDLE + 300, abs=6)
    ask(arm, packet(2, Instruction.WRITE, bytes([116, 0]) + (MIDDLE + 1130).to_bytes(4, "little")))
    run(arm, 5.0)
    assert arm.servos[1].get(Register.HARDWARE_ERROR, 1) == 32
    assert arm.servos[1].get(Register.TORQUE_ENABLE, 1) == 0
    assert ask(arm, packet(2, Instruction.PING, b""))[8] & 0x80
    ask(arm, packet(2, Instruction.REBOOT, b""))
    assert arm.servos[1].get(Register.HARDWARE_ERROR, 1) == 0
