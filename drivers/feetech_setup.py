"""Looks at STS servos before anything moves, and sets them up. Every fault is named with the way out."""

from __future__ import annotations

from calibration.joints import STEPS, half_turn_homing
from drivers.feetech_config import BAUDS, FeetechConfig
from drivers.servo_arm import GRIPPER
from drivers.servo_bus import ServoBus
from drivers.servo_search import Tables, tables_of
from robolearn.errors import DeviceError

FIRMWARE, MODEL, RETURN_DELAY, MIN_ANGLE, MAX_ANGLE = 0, 3, 7, 9, 11
PHASE, P, D, I, OFFSET, MODE = 18, 21, 22, 23, 31, 33  # noqa: E741
TORQUE_ENABLE, ACCELERATION, GOAL_POSITION, GOAL_SPEED, TORQUE_LIMIT, LOCK = 40, 41, 42, 46, 48, 55
PRESENT_POSITION, STATUS = 56, 65
TABLE_SIZE = 66  # everything up to and with the status
MULTI_TURN = 0x10  # a bit of PHASE
DAMPING = 32
FULL_TORQUE = 1000  # of TORQUE_LIMIT
OFFSET_SIGN = 0x800
OUTSIDE_STEPS = 25  # 2 degrees: how far beyond its range a joint may stand at the start


def read_all(bus: ServoBus, config: FeetechConfig) -> Tables:
    """Registers of every servo, by id. Raises DeviceError, naming who does not answer and why."""
    return tables_of(bus, config.servos, 0, TABLE_SIZE, BAUDS)


def look_over(bus: ServoBus, config: FeetechConfig) -> str:
    """Check who is on the bus, and return the firmware. Raises DeviceError; nothing has been changed then."""
    tables = read_all(bus, config)
    for name, scale in config.servos.items():
        model = _word(tables[scale.id], MODEL)
        if model != config.model:
            raise DeviceError(
                f"servo {scale.id} ({name}) is of model {model}, the station's file says {config.model}. Put the right "
                "servo there, or correct 'model'."
            )
    versions = {name: _version(tables[scale.id]) for name, scale in config.servos.items()}
    if len(set(versions.values())) > 1:
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        raise DeviceError(f"the servos differ in firmware ({listed}): bring all to the newest with the maker's tool")
    _check_scales(tables, config)
    return versions[GRIPPER]


def set_up(bus: ServoBus, config: FeetechConfig) -> None:
    """Write every setting that differs. The torque stays as it is, and no goal changes. Raises DeviceError."""
    tables, most = read_all(bus, config), torque_limits(config)
    for scale in config.servos.values():
        table = tables[scale.id]
        kept = (
            (RETURN_DELAY, 1, 0), (MIN_ANGLE, 2, scale.range_min), (MAX_ANGLE, 2, scale.range_max),
            (PHASE, 1, table[PHASE] & ~MULTI_TURN), (P, 1, config.stiffness), (D, 1, DAMPING), (I, 1, 0), (MODE, 1, 0),
        )  # fmt: skip
        passing = ((ACCELERATION, 1, 0), (GOAL_SPEED, 2, 0), (TORQUE_LIMIT, 2, most[scale.id]))
        _write_differing(bus, scale.id, table, kept, locked=True)
        _write_differing(bus, scale.id, table, passing, locked=False)


def torque_limits(config: FeetechConfig) -> dict[int, int]:
    """TORQUE_LIMIT of each servo by its id."""
    shares = {name: config.gripper_torque if name == GRIPPER else config.joint_torque for name in config.servos}
    return {scale.id: round(FULL_TORQUE * shares[name]) for name, scale in config.servos.items()}


def hold(bus: ServoBus, config: FeetechConfig) -> None:
    """Switch the torque on where the arm is; a servo that holds already goes on holding. Raises DeviceError.

    A servo that gave way under too much load tries again where it is: its torque counts as on, and its goal is old."""
    for servo, table in read_all(bus, config).items():
        if table[TORQUE_ENABLE] != 1 or table[STATUS]:
            bus.write(servo, GOAL_POSITION, 2, _word(table, PRESENT_POSITION))
        bus.write(servo, TORQUE_ENABLE, 1, 1)


def home(bus: ServoBus, config: FeetechConfig) -> dict[str, int]:
    """Have every servo read the middle of its scale where it stands, and return the homing offsets, by name.

    Raises DeviceError; of servos that hold nothing is changed: they would leap to where their goal is then."""
    tables = read_all(bus, config)
    holding = [name for name, scale in config.servos.items() if tables[scale.id][TORQUE_ENABLE]]
    if holding:
        raise DeviceError(f"{', '.join(holding)} holds with torque: homing needs all servos without it")
    offsets = {}
    for name, scale in config.servos.items():
        table = tables[scale.id]
        offset = half_turn_homing((_word(table, PRESENT_POSITION) + _offset(table)) % STEPS)
        kept = (
            (PHASE, 1, table[PHASE] & ~MULTI_TURN), (MIN_ANGLE, 2, 0), (MAX_ANGLE, 2, STEPS - 1),
            (OFFSET, 2, abs(offset) | (OFFSET_SIGN if offset < 0 else 0)),
        )  # fmt: skip
        _write_differing(bus, scale.id, table, kept, locked=True)
        offsets[name] = offset
    return offsets


def _write_differing(
    bus: ServoBus, servo: int, table: bytes, settings: tuple[tuple[int, int, int], ...], locked: bool
) -> None:
    differing = [one for one in settings if int.from_bytes(table[one[0] : one[0] + one[1]], "little") != one[2]]
    if differing and locked:
        bus.write(servo, LOCK, 1, 0)
    for setting in differing:
        bus.write(servo, *setting)
    if differing and locked:
        bus.write(servo, LOCK, 1, 1)


def _check_scales(tables: Tables, config: FeetechConfig) -> None:
    for name, scale in config.servos.items():
        offset = _offset(tables[scale.id])
        if offset != scale.homing_offset:
            raise DeviceError(
                f"servo {scale.id} ({name}) keeps the homing offset {offset}, its calibration says "
                f"{scale.homing_offset}: the scale is of another arm, or of before the servo was changed. "
                "Take the scales again, with: robolearn calibrate servos."
            )
        present = _word(tables[scale.id], PRESENT_POSITION)
        if not scale.range_min - OUTSIDE_STEPS <= present <= scale.range_max + OUTSIDE_STEPS:
            raise DeviceError(
                f"{name} (servo {scale.id}) stands at {present} steps, outside its calibrated range {scale.range_min} "
                f"to {scale.range_max}. Move it inside by hand while its torque is off; if it is inside, take the "
                "scales again, with: robolearn calibrate servos."
            )


def _offset(table: bytes) -> int:
    kept = _word(table, OFFSET)
    return -(kept & ~OFFSET_SIGN) if kept & OFFSET_SIGN else kept


def _word(table: bytes, at: int) -> int:
    return table[at] | table[at + 1] << 8


def _version(table: bytes) -> str:
    return f"{table[FIRMWARE]}.{table[FIRMWARE + 1]}"
