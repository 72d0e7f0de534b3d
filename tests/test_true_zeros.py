"""An arm behind calibrated joint zeros."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import artefacts
from calibration.joints import JointZeros
from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import ArmCommand, CommandMode
from robolearn.descriptions import description
from robolearn.errors import BorderError, ConfigError
from robolearn.kinematics import Kinematics
from robolearn.station import Station
from robolearn.true_zeros import TrueZeros
from sim import backend

STATION = replace(load_station("so101_twin"), cameras={})
OFFSET_RAD = np.radians([1.0, -0.5, 0.8, 0.3, -1.0])


def calibrated(folder: Path, names: tuple[str, ...] = STATION.joint_names) -> None:
    zeros = JointZeros(names, tuple(OFFSET_RAD.tolist()), (0.001,) * 5)
    artefacts.save(folder, "so101_twin", STATION.name, zeros, (0.1, "px"), {})


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    calibrated(tmp_path)
    with closing(open_station(replace(STATION, calibration=str(tmp_path)), load_task("cube_in_bin"))) as opened:
        opened.reset(seed=0)
        yield opened


def test_a_station_reads_true_joints_and_the_tool_where_it_then_is(station: Station) -> None:
    (device,) = station.world.arms.values()
    raw, told = device.read(), station.arm.read()
    assert told.joint_position_rad == pytest.approx(raw.joint_position_rad + OFFSET_RAD, abs=0.01)
    kinematics = Kinematics(description("so101"), STATION.joint_names)
    position, _ = kinematics.tool_pose_base(told.joint_position_rad)
    assert told.ee_position_base_m == pytest.approx(position, abs=1e-6)


def test_a_true_command_takes_the_device_to_its_own_angle(station: Station) -> None:
    (device,) = station.world.arms.values()
    kinematics = Kinematics(description("so101"), STATION.joint_names)
    arm = TrueZeros(device, OFFSET_RAD, kinematics)
    target = device.read().joint_position_rad + OFFSET_RAD
    done = arm.command(ArmCommand(station.clock.now_ns(), CommandMode.JOINT_POSITION, target, None))
    assert done.command.values == pytest.approx(target) and done.clips == ()
    station.clock.sleep_until(station.clock.now_ns() + 100_000_000)
    assert device.read().joint_position_rad == pytest.approx(target - OFFSET_RAD, abs=0.01)


def test_a_pose_is_refused_because_the_device_would_go_by_its_own_zeros(station: Station) -> None:
    (device,) = station.world.arms.values()
    arm = TrueZeros(device, OFFSET_RAD, Kinematics(description("so101"), STATION.joint_names))
    with pytest.raises(BorderError, match="'ee_pose' cannot pass"):
        arm.command(ArmCommand(station.clock.now_ns(), CommandMode.EE_POSE, np.zeros(7), None))


def test_zeros_of_another_arm_are_refused(tmp_path: Path) -> None:
    calibrated(tmp_path, ("a", "b", "c", "d", "e"))
    settings = replace(STATION, calibration=str(tmp_path))
    world = backend.world(settings, load_task("cube_in_bin"))
    with pytest.raises(ConfigError, match="its joint zeros are for"):
        Station(settings, world, Kinematics(description("so101"), STATION.joint_names))


def test_a_station_that_was_never_calibrated_drives_the_device_itself(tmp_path: Path) -> None:
    settings = replace(STATION, calibration=str(tmp_path))
    with closing(open_station(settings, load_task("cube_in_bin"))) as opened:
        opened.reset(seed=0)
        (device,) = opened.world.arms.values()
        assert opened.arm.read().joint_position_rad == pytest.approx(device.read().joint_position_rad, abs=0.01)
