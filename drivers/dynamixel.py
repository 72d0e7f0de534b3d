"""Arms of Dynamixel servos of the X series, as Koch, GELLO and ViperX are made: joint by joint as the file says."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from drivers import dynamixel_setup
from drivers.dxl_bus import dxl_bus
from drivers.dynamixel_setup import (
    GOAL_POSITION,
    GOAL_PWM,
    MODELS,
    PRESENT_POSITION,
    TORQUE_ENABLE,
    DynamixelConfig,
    number,
)
from drivers.keeper import Kept
from drivers.servo_arm import GRIPPER, ArmParts, ServoArm
from drivers.servo_readings import ServoReading
from drivers.servos import Servos, TorqueRegisters
from drivers.table import Cell
from robolearn.config import Section
from robolearn.kinematics import Kinematics

STATE_SIZE = 31  # from the goal on: present current, velocity, position, trajectories, voltage, temperature
PRESENT = 10  # where what is measured begins in it
SWITCH_SIZE = 7  # from the torque on, up to and with the hardware error
STEPS_S_PER_COUNT = 0.229 / 60 * 4096
ERROR_NAMES = {1: "voltage out of range", 4: "overheated", 8: "encoder fault", 16: "electrical shock", 32: "overload"}


class DxlServos(Servos):
    """Dynamixels of the X series."""

    passing = 0  # an error bars the torque until the power was off

    def __init__(self, config: DynamixelConfig) -> None:
        bus = dxl_bus(config.port, config.baud, config.patience_s)
        torque = TorqueRegisters(TORQUE_ENABLE, GOAL_PWM, dynamixel_setup.torque_limits(config))
        joints = [scale.id for name, scale in config.scales.items() if name != GRIPPER]
        super().__init__(bus, torque, Kept("dynamixel", joints, GOAL_POSITION, PRESENT_POSITION, 4))
        self._config = config
        self._models = {servo.scale.id: MODELS[servo.model] for servo in config.servos.values()}

    def look_over(self) -> str:
        """Check that the right servos are there. Raises DeviceError."""
        return dynamixel_setup.look_over(self._bus, self._config)

    def set_up(self) -> None:
        """Write the settings that differ."""
        dynamixel_setup.set_up(self._bus, self._config)

    def hold(self) -> None:
        """Torque on where the arm is."""
        dynamixel_setup.hold(self._bus, self._config)

    def answer_at_once(self) -> None:
        """Take away the delay of answers; the torque must be off."""
        dynamixel_setup.answer_at_once(self._bus, self._config)

    def look(self, ids: Sequence[int]) -> Mapping[int, ServoReading]:
        """The state of some servos, and whether they are on: two sync reads, as what lies between is twice as long."""
        asked_s = time.monotonic()
        states = self._bus.blocks(ids, GOAL_POSITION, STATE_SIZE)
        switches = self._bus.blocks(list(states), TORQUE_ENABLE, SWITCH_SIZE) if states else {}
        return {servo: self._reading(asked_s, servo, states[servo].data, switches[servo].data) for servo in switches}

    def tell(self, goals_steps: Mapping[int, int]) -> None:
        """One sync write of goals."""
        goals = {one: goal.to_bytes(4, "little", signed=True) for one, goal in goals_steps.items()}
        self._bus.write_all(goals, GOAL_POSITION)

    def errors(self, status: int) -> Sequence[str]:
        """What the bits of the hardware error mean."""
        return [name for bit, name in ERROR_NAMES.items() if status & bit]

    def _reading(self, asked_s: float, servo: int, state: bytes, switch: bytes) -> ServoReading:
        model, data = self._models[servo], state[PRESENT:]
        felt = number(data, 0, 2)
        current_a = None if model.stall_current_a is None else felt * model.current_unit_a
        load = felt / 1000 if model.stall_current_a is None else felt * model.current_unit_a / model.stall_current_a
        return ServoReading(
            asked_s, switch[0] == 1, switch[-1], number(state, 0, 4), number(data, 6, 4),
            number(data, 2, 4) * STEPS_S_PER_COUNT, load, number(data, 18, 2) / 10, data[20], current_a,
        )  # fmt: skip


def arm(section: Section, cell: Cell) -> ServoArm:
    """The arm that ``section`` describes."""
    config = section.read(DynamixelConfig)
    parts = ArmParts(config.name, config.scales, config.speed_rad_s, config.on_close)
    kinematics = Kinematics(cell.description, cell.joint_names)
    return ServoArm(parts, DxlServos(config), cell.joint_names, cell.control_hz, kinematics, cell.clock)
