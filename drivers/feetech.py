"""SO-101 and SO-100 follower arms: Feetech STS servos on one serial bus."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from drivers import feetech_setup
from drivers.feetech_config import FeetechConfig
from drivers.feetech_setup import GOAL_POSITION, TORQUE_ENABLE, TORQUE_LIMIT
from drivers.servo_arm import ArmParts, ServoArm
from drivers.servo_readings import ServoReading
from drivers.sts_bus import sts_bus
from drivers.table import Cell
from robolearn.config import Section
from robolearn.kinematics import Kinematics

SPEED_RAD_S = 4.7  # STS3215, no load
PRESENT, PRESENT_SIZE = 56, 15  # position, speed, load, voltage, temperature, status, moving, current
STATUS_NAMES = ("voltage out of range", "sensor fault", "overheated", "over-current", "angle fault", "overload")
AMPERE_PER_STEP = 0.0065
LET_DOWN_S, LET_DOWN_STEPS = 2.0, 20


class StsServos:
    """Implements ``Servos`` for the servos of one arm."""

    def __init__(self, config: FeetechConfig) -> None:
        self._config = config
        self._bus = sts_bus(config.port, config.baud, config.patience_s)
        self._ids = [scale.id for scale in config.servos.values()]

    @property
    def is_open(self) -> bool:
        """True between open and close or loss."""
        return self._bus.is_open

    @property
    def erred_s(self) -> float:
        """When something last went wrong on the line, on the monotonic clock."""
        return self._bus.erred_s

    @property
    def counts(self) -> Mapping[str, int]:
        """What the line has done."""
        return vars(self._bus.counts)

    def open(self) -> None:
        """Open the port. Raises LinkLost."""
        self._bus.open()

    def close(self) -> None:
        """Release the port."""
        self._bus.close()

    def look_over(self) -> str:
        """Check that the right servos are there. Raises DeviceError."""
        return feetech_setup.look_over(self._bus, self._config)

    def set_up(self) -> None:
        """Write the settings that differ."""
        feetech_setup.set_up(self._bus, self._config)

    def hold(self) -> None:
        """Torque on where the arm is."""
        feetech_setup.hold(self._bus, self._config)

    def let_down(self) -> None:
        """Take the torque away little by little, and then off."""
        for step in range(LET_DOWN_STEPS, 0, -1):
            limit = feetech_setup.FULL_TORQUE * step // LET_DOWN_STEPS
            self._bus.write_all({servo: limit.to_bytes(2, "little") for servo in self._ids}, TORQUE_LIMIT)
            time.sleep(LET_DOWN_S / LET_DOWN_STEPS)
        for servo in self._ids:
            self._bus.write(servo, TORQUE_ENABLE, 1, 0)

    def ask(self, ids: Sequence[int]) -> Mapping[int, ServoReading]:
        """One sync read of the whole state of some servos."""
        asked_s = time.monotonic()
        blocks = self._bus.blocks(ids, PRESENT, PRESENT_SIZE)
        return {servo: _reading(asked_s, block.data) for servo, block in blocks.items()}

    def send(self, goals_steps: Mapping[int, int]) -> None:
        """One sync write of goals."""
        self._bus.write_all({one: goal.to_bytes(2, "little") for one, goal in goals_steps.items()}, GOAL_POSITION)

    def trouble(self, status: int) -> Sequence[str]:
        """What the status bits mean."""
        return [name for bit, name in enumerate(STATUS_NAMES) if status & 1 << bit]


def arm(section: Section, cell: Cell) -> ServoArm:
    """The arm that ``section`` describes."""
    config = section.read(FeetechConfig)
    parts = ArmParts("so101", config.servos, SPEED_RAD_S, config.on_close)
    kinematics = Kinematics(cell.description, cell.joint_names)
    return ServoArm(parts, StsServos(config), cell.joint_names, cell.control_hz, kinematics, cell.clock)


def _reading(asked_s: float, data: bytes) -> ServoReading:
    """The block from PRESENT on."""

    def word(at: int, sign_bit: int) -> int:
        value = data[at] | data[at + 1] << 8
        size = value & ((1 << sign_bit) - 1)
        return -size if value & 1 << sign_bit else size

    return ServoReading(
        asked_s, data[9], word(0, 15), word(2, 15), word(4, 10) / 1000, data[6] / 10, data[7],
        word(13, 15) * AMPERE_PER_STEP,
    )  # fmt: skip
