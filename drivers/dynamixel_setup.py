"""How a station describes an arm of Dynamixels; looks at its servos before anything moves, and sets them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from calibration.joints import ServoScale
from drivers.servo_arm import GRIPPER, OnClose
from drivers.servo_bus import ServoBus
from drivers.servo_search import Tables, tables_of
from drivers.servo_units import within
from robolearn.config import Key, Limit
from robolearn.errors import ConfigError, DeviceError, unknown

BAUDS = (1_000_000, 57_600, 2_000_000, 115_200, 3_000_000, 9_600)
MODEL, FIRMWARE, RETURN_DELAY, DRIVE_MODE, OPERATING_MODE = 0, 6, 9, 10, 11
HOMING_OFFSET, MAX_POSITION, MIN_POSITION, TORQUE_ENABLE = 20, 48, 52, 64
HARDWARE_ERROR, GOAL_PWM, GOAL_CURRENT = 70, 100, 102
PROFILE_ACCELERATION, PROFILE_VELOCITY, GOAL_POSITION, PRESENT_POSITION = 108, 112, 116, 132
TABLE_SIZE = 140
POSITION, CURRENT_BASED = 3, 5
FULL_PWM = 885
OUTSIDE_STEPS = 25  # 2 degrees: how far beyond its range a joint may stand at the start


class Model(NamedTuple):
    """What the driver has to know of a servo."""

    number: int
    stall_current_a: float | None  # None: it measures a load instead
    current_unit_a: float
    current_limit: int


MODELS = {
    "xl330-m288": Model(1200, 1.47, 0.001, 1750),
    "xl330-m077": Model(1190, 1.47, 0.001, 1750),
    "xl430-w250": Model(1060, None, 0.0, 0),
    "xm430-w350": Model(1020, 2.3, 0.00269, 1193),
    "xm540-w270": Model(1120, 4.4, 0.00269, 2047),
}


@dataclass(frozen=True)
class DynamixelServo:
    """One servo: what it is, and its scale. ``homing_offset`` is what its register keeps."""

    model: Annotated[str, Key("as in its name, in small letters")]
    scale: ServoScale

    def __post_init__(self) -> None:
        """Raise ConfigError for an unknown model."""
        if self.model not in MODELS:
            raise ConfigError(unknown("model", self.model, MODELS))


@dataclass(frozen=True)
class DynamixelConfig:
    """An arm of Dynamixels of the X series on one serial bus."""

    name: Annotated[str, Key("of the arm")]
    port: Annotated[str, Key("serial port, best by its id: /dev/serial/by-id/...")]
    servos: Annotated[Mapping[str, DynamixelServo], Key("joints and 'gripper'")]
    on_close: Annotated[OnClose, Key("hold: the arm stays where it is; release: it is let down slowly")]
    speed_rad_s: Annotated[float, Limit("top speed of the slowest servo, without load", low=0.1, high=20.0)]
    gripper_torque: Annotated[float, Limit("most torque of the gripper, share of its most", low=0.05, high=1.0)]
    baud: Annotated[int, Key("bits per second")] = BAUDS[0]
    patience_s: Annotated[
        float, Key("what an answer may take beyond wire time [s]; 0.02 for FTDI adapters", low=0.001, high=0.2)
    ] = 0.008

    def __post_init__(self) -> None:
        """Raise ConfigError for a servo id that is there twice, or an unknown baud rate."""
        ids = [servo.scale.id for servo in self.servos.values()]
        double = sorted({one for one in ids if ids.count(one) > 1})
        if double:
            raise ConfigError(f"servos: the id {double[0]} is there twice; every servo needs an id of its own")
        if self.baud not in BAUDS:
            raise ConfigError(f"baud {self.baud} is not one of {', '.join(map(str, BAUDS))}")

    @property
    def scales(self) -> dict[str, ServoScale]:
        """Scale of each servo by name."""
        return {name: servo.scale for name, servo in self.servos.items()}


def look_over(bus: ServoBus, config: DynamixelConfig) -> str:
    """Check who is on the bus, and return the firmware. Raises DeviceError; nothing has been changed then."""
    tables = _tables(bus, config)
    for name, servo in config.servos.items():
        table, scale = tables[servo.scale.id], servo.scale
        model = number(table, MODEL, 2)
        if model != MODELS[servo.model].number:
            raise DeviceError(
                f"servo {scale.id} ({name}) is of model {model}, the station's file says {servo.model} "
                f"({MODELS[servo.model].number}). Put the right servo there, or correct 'model'."
            )
        if table[HARDWARE_ERROR]:
            raise DeviceError(
                f"servo {scale.id} ({name}) reports the hardware error {table[HARDWARE_ERROR]:#04x}: relieve or cool "
                "it, and switch its power off and on"
            )
        offset = number(table, HOMING_OFFSET, 4)
        if offset != scale.homing_offset:
            raise DeviceError(
                f"servo {scale.id} ({name}) keeps the homing offset {offset}, its calibration says "
                f"{scale.homing_offset}: calibrate the joints again"
            )
        present = number(table, PRESENT_POSITION, 4)
        if not scale.range_min - OUTSIDE_STEPS <= present <= scale.range_max + OUTSIDE_STEPS:
            raise DeviceError(
                f"{name} (servo {scale.id}) stands at {present} steps, outside its calibrated range {scale.range_min} "
                f"to {scale.range_max}. Move it inside by hand while its torque is off; if it is inside, calibrate "
                "the joints again."
            )
    return ", ".join(f"{name} {tables[scale.id][FIRMWARE]}" for name, scale in config.scales.items())


def set_up(bus: ServoBus, config: DynamixelConfig) -> None:
    """Write every setting that differs. The torque stays as it is, and no goal changes. Raises DeviceError."""
    tables, most = _tables(bus, config), torque_limits(config)
    for name, servo in config.servos.items():
        table, scale, model = tables[servo.scale.id], servo.scale, MODELS[servo.model]
        squeezes = _squeezes(config, name)
        kept = (
            (RETURN_DELAY, 1, 0), (DRIVE_MODE, 1, 0), (OPERATING_MODE, 1, CURRENT_BASED if squeezes else POSITION),
            (MAX_POSITION, 4, scale.range_max), (MIN_POSITION, 4, scale.range_min),
        )  # fmt: skip
        limit = (GOAL_PWM, 2, most[scale.id])
        if squeezes:
            limit = (GOAL_CURRENT, 2, round(config.gripper_torque * model.current_limit))
        differing = [one for one in kept if number(table, one[0], one[1]) != one[2]]
        if differing and table[TORQUE_ENABLE]:
            raise DeviceError(
                f"servo {scale.id} ({name}) holds with other settings, and takes new ones only without torque: support "
                "the arm, switch its power off and on, and try again"
            )
        passing = ((PROFILE_ACCELERATION, 4, 0), (PROFILE_VELOCITY, 4, 0), limit)
        for setting in (*differing, *(one for one in passing if number(table, one[0], one[1]) != one[2])):
            bus.write(scale.id, *setting)


def torque_limits(config: DynamixelConfig) -> dict[int, int]:
    """GOAL_PWM of each servo by its id; a gripper that squeezes by current has all of it."""
    weak = [name for name in config.servos if name == GRIPPER and not _squeezes(config, name)]
    shares = dict.fromkeys(weak, config.gripper_torque)
    return {scale.id: round(FULL_PWM * shares.get(name, 1.0)) for name, scale in config.scales.items()}


def hold(bus: ServoBus, config: DynamixelConfig) -> None:
    """Switch the torque on where the arm is; a servo that holds already goes on holding. Raises DeviceError."""
    tables = _tables(bus, config)
    for scale in config.scales.values():
        table = tables[scale.id]
        if not table[TORQUE_ENABLE]:
            bus.write(scale.id, GOAL_POSITION, 4, within(scale, number(table, PRESENT_POSITION, 4)))
            bus.write(scale.id, TORQUE_ENABLE, 1, 1)


def answer_at_once(bus: ServoBus, config: DynamixelConfig) -> None:
    """Set the delay of answers to nothing where it is not; the torque must be off. Raises DeviceError."""
    for servo, table in _tables(bus, config).items():
        if table[RETURN_DELAY]:
            bus.write(servo, RETURN_DELAY, 1, 0)


def number(table: bytes, at: int, size: int) -> int:
    """A register in two's complement."""
    return int.from_bytes(table[at : at + size], "little", signed=size > 1)


def _tables(bus: ServoBus, config: DynamixelConfig) -> Tables:
    return tables_of(bus, config.scales, 0, TABLE_SIZE, BAUDS)


def _squeezes(config: DynamixelConfig, name: str) -> bool:
    """Is this the gripper, and does its servo hold by current?"""
    return name == GRIPPER and MODELS[config.servos[name].model].stall_current_a is not None
