"""SO-101 and SO-100 follower arms: Feetech STS servos on one serial bus."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from drivers import feetech_setup
from drivers.feetech_config import FeetechConfig
from drivers.feetech_setup import GOAL_POSITION, PRESENT_POSITION, TORQUE_ENABLE, TORQUE_LIMIT
from drivers.keeper import Kept
from drivers.servo_arm import GRIPPER, ArmParts, ServoArm
from drivers.servo_readings import ServoReading
from drivers.servos import Servos, TorqueRegisters
from drivers.sts_bus import sts_bus
from drivers.table import Cell
from robolearn.config import Section
from robolearn.kinematics import Kinematics

SPEED_RAD_S = 4.7  # STS3215, no load
STATE_SIZE = 31  # from the torque on: what it is to be, and present position, speed, load, voltage, ..., current
GOAL, PRESENT = 2, 16  # where the goal, and what is measured, begin in it
STATUS_NAMES = ("voltage out of range", "sensor fault", "overheated", "over-current", "angle fault", "overload")
OVER_CURRENT, OVERLOAD = 0x08, 0x20
AMPERE_PER_STEP = 0.0065


class StsServos(Servos):
    """STS servos."""

    passing = OVER_CURRENT | OVERLOAD

    def __init__(self, config: FeetechConfig) -> None:
        bus = sts_bus(config.port, config.baud, config.patience_s)
        torque = TorqueRegisters(TORQUE_ENABLE, TORQUE_LIMIT, feetech_setup.torque_limits(config))
        joints = [scale.id for name, scale in config.servos.items() if name != GRIPPER]
        super().__init__(bus, torque, Kept("feetech", joints, GOAL_POSITION, PRESENT_POSITION, 2))
        self._config = config

    def look_over(self) -> str:
        """Check that the right servos are there. Raises DeviceError."""
        return feetech_setup.look_over(self._bus, self._config)

    def set_up(self) -> None:
        """Write the settings that differ."""
        feetech_setup.set_up(self._bus, self._config)

    def hold(self) -> None:
        """Torque on where the arm is."""
        feetech_setup.hold(self._bus, self._config)

    def look(self, ids: Sequence[int]) -> Mapping[int, ServoReading]:
        """One sync read of the whole state of some servos."""
        asked_s = time.monotonic()
        blocks = self._bus.blocks(ids, TORQUE_ENABLE, STATE_SIZE)
        return {servo: _reading(asked_s, block.data) for servo, block in blocks.items()}

    def tell(self, goals_steps: Mapping[int, int]) -> None:
        """One sync write of goals."""
        self._bus.write_all({one: goal.to_bytes(2, "little") for one, goal in goals_steps.items()}, GOAL_POSITION)

    def errors(self, status: int) -> Sequence[str]:
        """What the status bits mean."""
        return [name for bit, name in enumerate(STATUS_NAMES) if status & 1 << bit]


def arm(section: Section, cell: Cell) -> ServoArm:
    """The arm that ``section`` describes."""
    config = section.read(FeetechConfig)
    parts = ArmParts("so101", config.servos, SPEED_RAD_S, config.on_close)
    kinematics = Kinematics(cell.description, cell.joint_names)
    return ServoArm(parts, StsServos(config), cell.joint_names, cell.control_hz, kinematics, cell.clock)


def _reading(asked_s: float, data: bytes) -> ServoReading:
    """The block from the torque on."""

    def word(at: int, sign_bit: int) -> int:
        value = data[at] | data[at + 1] << 8
        size = value & ((1 << sign_bit) - 1)
        return -size if value & 1 << sign_bit else size

    return ServoReading(
        asked_s, data[0] == 1, data[PRESENT + 9], word(GOAL, 15), word(PRESENT, 15), word(PRESENT + 2, 15),
        word(PRESENT + 4, 10) / 1000, data[PRESENT + 6] / 10, data[PRESENT + 7],
        word(PRESENT + 13, 15) * AMPERE_PER_STEP,
    )  # fmt: skip
