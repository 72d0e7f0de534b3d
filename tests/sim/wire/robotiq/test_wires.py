"""The gripper's two wires, to the byte: vectors of its manual."""

from __future__ import annotations

import mujoco
import pytest

from robolearn.descriptions import description
from sim.wire.fingers import Fingers
from sim.wire.robotiq.gripper import Gripper
from sim.wire.robotiq.rtu import RtuChannel, crc
from sim.wire.robotiq.urcap import UrcapChannel

CLEAR = bytes.fromhex("091003E8000306000000000000" + "7330")
ACTIVATE = bytes.fromhex("091003E8000306010000000000" + "72E1")
WRITTEN = bytes.fromhex("091003E80003" + "0130")
CLOSE = bytes.fromhex("091003E8000306090000FFFFFF" + "4229")
OPEN = bytes.fromhex("091003E80003060900000000FFFF"[:26] + "7219")
READ_ONE = bytes.fromhex("090307D00001" + "85CF")


class Rig:
    """A gripper and its physics, stepped by hand."""

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(description("ur5e_2f85")))
        self.data = mujoco.MjData(self.model)
        self.gripper = Gripper(Fingers(self.model, self.data))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / 0.002)):
            self.gripper.step(0.002)
            mujoco.mj_step(self.model, self.data)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("frame", [CLEAR, WRITTEN, CLOSE, READ_ONE])
def test_checksums_are_those_of_the_manual(frame: bytes) -> None:
    assert crc(frame[:-2]) == frame[-2:]


def test_modbus_activates_closes_and_reports_as_the_manual_says(rig: Rig) -> None:
    wire = RtuChannel(rig.gripper)
    assert wire.receive(CLEAR) == WRITTEN
    activate = CLEAR[:7] + b"\x01" + CLEAR[8:-2]
    assert wire.receive(activate + crc(activate)) == WRITTEN
    rig.run(1.1)
    assert wire.receive(READ_ONE)[:4] == bytes.fromhex("09030231")
    assert wire.receive(CLOSE) == WRITTEN
    rig.run(1.5)
    assert rig.gripper.read("OBJ") == 3 and rig.gripper.position == 230


def test_the_answer_of_an_active_gripper_is_that_of_the_manual(rig: Rig) -> None:
    rig.gripper.write({"ACT": 1})
    rig.run(1.1)
    assert RtuChannel(rig.gripper).receive(READ_ONE) == bytes.fromhex("09030231004C15")


def test_a_frame_in_pieces_is_answered_once_and_noise_before_it_is_skipped(rig: Rig) -> None:
    wire = RtuChannel(rig.gripper)
    assert wire.receive(b"\x00\xff") == b"" and wire.receive(CLEAR[:5]) == b""
    assert wire.receive(CLEAR[5:]) == WRITTEN


def test_a_frame_for_another_unit_or_with_a_wrong_checksum_is_not_answered(rig: Rig) -> None:
    wire = RtuChannel(rig.gripper)
    other = b"\x08" + CLEAR[1:-2]
    assert wire.receive(other + crc(other)) == b""
    assert RtuChannel(rig.gripper).receive(CLEAR[:-1] + b"\x00") == b""


def test_the_urcap_acknowledges_without_an_end_of_line_and_answers_each_get_with_one(rig: Rig) -> None:
    wire = UrcapChannel(rig.gripper)
    assert wire.receive(b"SET ACT 1 GTO 0\n") == b"ack"
    assert wire.receive(b"GET STA\nGET ACT\n") == b"STA 1\nACT 1\n"
    assert wire.receive(b"GET NONSENSE\n") == b"NONSENSE ?\n"
    assert wire.receive(b"SET POS 256\n") != b"ack"


def test_a_position_is_ignored_until_the_gripper_is_active(rig: Rig) -> None:
    rig.gripper.write({"GTO": 1, "POS": 0, "SPE": 255, "FOR": 255})
    before = rig.gripper.position
    rig.run(0.5)
    assert rig.gripper.position == before and rig.gripper.read("FLT") == 7
