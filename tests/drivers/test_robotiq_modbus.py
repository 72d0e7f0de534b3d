"""The Modbus gripper, with pymodbus, against the virtual one as a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.robotiq import RobotiqGripper
from drivers.robotiq_modbus import ModbusWire
from robolearn.errors import DeviceError
from tests.drivers.emulators import Emulator, emulating
from tests.drivers.ur_rig import wait_until


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with emulating(tmp_path, "robotiq", "--port", str(tmp_path / "port")) as made:
        yield made


def test_it_is_activated_by_rearming_moves_and_survives_an_unplugged_cable(emulator: Emulator, tmp_path: Path) -> None:
    gripper = RobotiqGripper(ModbusWire(str(tmp_path / "port"), 9), 3, 230, 1.0, 0.5)
    gripper.connect()
    with pytest.raises(DeviceError, match="not activated"):
        gripper.move(1.0)
    before = gripper.opening()
    gripper.rearm()
    gripper.move(0.6)
    assert abs(before - 0.6) > 0.1 and wait_until(lambda: is_at(gripper, 0.6))
    emulator.do("faults", unplug=True)
    assert wait_until(lambda: gripper.fault is not None)
    emulator.do("faults", unplug=False)
    assert wait_until(lambda: is_at(gripper, 0.6))
    with pytest.raises(DeviceError, match="rearm"):
        gripper.move(0.1)
    gripper.rearm()
    gripper.move(0.3)
    assert wait_until(lambda: is_at(gripper, 0.3)), gripper.fault
    gripper.close()


def is_at(gripper: RobotiqGripper, opening: float) -> bool:
    """True if there is a fresh reading, and it says so."""
    try:
        return abs(gripper.opening() - opening) < 0.02
    except DeviceError:
        return False


def test_a_wrong_address_or_port_is_named(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="address 8"):
        RobotiqGripper(ModbusWire(str(tmp_path / "port"), 8), 3, 230, 1.0, 0.5).connect()
    with pytest.raises(DeviceError, match="cannot be opened"):
        RobotiqGripper(ModbusWire("/dev/nothing", 9), 3, 230, 1.0, 0.5).connect()
