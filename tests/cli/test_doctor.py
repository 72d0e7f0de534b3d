"""``robolearn doctor``: every line that is not green says what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from calibration import artefacts
from calibration.joints import JointZeros
from robolearn.backends import load_station
from robolearn.cli.main import BAD_INPUT, main
from robolearn.config import Section, find
from robolearn.contracts import Arm, Camera, CameraSpec, Frame
from robolearn.doctor import machine
from robolearn.doctor.calibrations import calibration_findings
from robolearn.doctor.devices import device_findings
from robolearn.doctor.finding import Finding, Level
from robolearn.doctor.machine import machine_findings
from robolearn.doctor.permissions import permission_findings
from robolearn.errors import DeviceError
from sim.clock import LockStepClock

STATION = load_station("so101_twin")


class Webcam:
    """A camera at 10 Hz that fails every fourth read, or is not there at all."""

    def __init__(self, clock: LockStepClock, there: bool = True) -> None:
        self._clock, self._there, self._reads = clock, there, 0
        self.spec = CameraSpec("side", 4, 4, 10.0, "side_camera")

    def connect(self) -> None:
        if not self._there:
            raise DeviceError("camera side: there is no /dev/video7; plug it in")

    def close(self) -> None:
        return

    def read(self) -> Frame:
        self._reads += 1
        if self._reads % 4 == 0:
            raise DeviceError("camera side: the frame was cut short")
        stamp_ns = self._clock.now_ns() // 100_000_000 * 100_000_000
        return Frame(stamp_ns, np.zeros((4, 4, 3), np.uint8))


class Desk:
    """A world of nothing but that webcam."""

    def __init__(self, there: bool) -> None:
        self.clock = LockStepClock(STATION.control_hz, lambda period_ns: None)
        self.arms: Mapping[str, Arm] = {}
        self.cameras: Mapping[str, Camera] = {"side": Webcam(self.clock, there)}

    def reset(self, seed: int) -> Mapping[str, Any]:
        return {}

    def succeeded(self) -> bool | None:
        return None

    def close(self) -> None:
        return


def examined(there: bool) -> Finding:
    """What the doctor says of the webcam."""
    (finding,) = device_findings(Desk(there), STATION, seconds=2.0)
    return finding


def test_a_device_that_is_not_there_is_red_with_its_own_way_out() -> None:
    finding = examined(there=False)
    assert finding.level is Level.RED and "plug it in" in finding.do


def test_a_device_that_loses_readings_is_yellow_with_its_errors_and_its_rate() -> None:
    finding = examined(there=True)
    assert finding.level is Level.YELLOW and "10.0 of 10 Hz" in finding.found and "cut short" in finding.do
    assert "45000 errors/h" in finding.found  # every fourth of 50 reads a second


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {one.what: one for one in findings}


@pytest.mark.timeout(300)
def test_every_device_of_the_twin_is_found_with_its_rate_and_nothing_is_red(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--station", "so101_twin", "--seconds", "1", "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    lines = {line["what"]: line for line in result["lines"]}
    assert lines["arm so101_twin"]["level"] == "green" and "50.0 of 50 Hz" in lines["arm so101_twin"]["found"]
    assert {"camera front", "camera wrist", "disk", "gpu", "kernel", "real-time priority"} <= lines.keys()
    assert result["red"] == 0 and all(bool(line["do"]) == (line["level"] != "green") for line in result["lines"])


def test_the_table_for_people_shows_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--station", "so101_twin", "--seconds", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "arm so101_twin" in shown and "the station's file names no folder" in shown


@pytest.mark.parametrize(
    ("station", "old", "new", "row", "way_out"),
    [
        ("so101_twin", "tool_force_n: none_measured", "tool_force_n: 20.0", "arm so101_twin", "write none_measured"),
        ("so101_twin", "joint_upper_rad: [1.90,", "joint_upper_rad: [3.90,", "rates, limits", "at shoulder_pan"),
        ("so101_twin", "policy_hz: 10", "policy_hz: 15", "rates, limits", "must be a whole number"),
        ("so101", "joint_speed_rad_s: [3.0,", "joint_speed_rad_s: [30.0,", "rates, limits", "at shoulder_pan"),
        ("so101", "driver: leader", "driver: leeder", "teleop", "unknown teleop driver 'leeder'. Did you mean"),
        ("so101", "      port: /dev/serial/by-id/usb-leader\n", "", "teleop", "devices.teleop.bus: missing: 'port'"),
    ],
)
def test_what_does_not_fit_together_is_red_with_the_fix(
    station: str, old: str, new: str, row: str, way_out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, path = find("stations", station).read_text(encoding="utf-8"), tmp_path / f"{station}.yaml"
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["doctor", "--station", str(path), "--seconds", "0.3", "--json"]) == 1
    lines = {line["what"]: line for line in json.loads(capsys.readouterr().out.splitlines()[-1])["lines"]}
    assert lines[row]["level"] == "red" and way_out in lines[row]["do"]


def test_no_time_to_look_is_refused() -> None:
    assert main(["doctor", "--station", "so101_twin", "--seconds", "0"]) == BAD_INPUT


def test_a_missing_and_a_stale_calibration_are_told_with_the_command(tmp_path: Path) -> None:
    zeros = JointZeros(STATION.joint_names, (0.0,) * 5, (0.001,) * 5)
    path = artefacts.save(tmp_path, "arm", STATION.name, zeros, (0.1, "px"), {})
    made = yaml.safe_load(path.read_text())["made"]
    station = replace(STATION, calibration=str(tmp_path))
    fresh = by_name(list(calibration_findings(station, "arm")))
    assert fresh["joints of arm"].level is Level.GREEN
    path.write_text(path.read_text().replace(made, "2020-01-01T00:00:00+00:00"))
    stale = by_name(list(calibration_findings(station, "arm")))
    assert stale["joints of arm"].level is Level.YELLOW and "calibrate joints --station" in stale["joints of arm"].do
    assert stale["intrinsics of wrist"].do == "robolearn calibrate intrinsics --station so101_twin"
    path.write_text("kind: [")
    damaged = by_name(list(calibration_findings(station, "arm")))
    assert damaged["joints of arm"].level is Level.RED and path.name in damaged["joints of arm"].found


def test_a_device_file_that_is_not_there_is_red_and_the_rules_are_compared(tmp_path: Path) -> None:
    node = yaml.compose("arm: {driver: feetech, port: /dev/robolearn-no-such-port}", Loader=yaml.SafeLoader)
    station = replace(STATION, devices=Section(node, "cell.yaml", "devices"))
    found = by_name(list(permission_findings(station, tmp_path)))
    assert found["file /dev/robolearn-no-such-port"].level is Level.RED
    rules = found["udev rules"]
    assert rules.level is Level.YELLOW and "sudo cp" in rules.do and "60-robolearn.rules" in rules.do
    for rule in Path("drivers/udev").resolve().glob("*.rules"):
        (tmp_path / rule.name).write_bytes(rule.read_bytes())
    assert by_name(list(permission_findings(station, tmp_path)))["udev rules"].level is Level.GREEN


def test_a_station_without_device_files_needs_no_permission(tmp_path: Path) -> None:
    assert list(permission_findings(STATION, tmp_path)) == []


def test_the_machine_is_described_whatever_it_is(tmp_path: Path) -> None:
    found = by_name(list(machine_findings(tmp_path, STATION)))
    assert {"disk", "memory", "gpu", "cpu governor", "kernel", "real-time priority"} <= found.keys()
    assert str(tmp_path) in found["disk"].found


def test_a_station_that_demands_a_real_time_kernel_is_red_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    realtime = tmp_path / "realtime"
    monkeypatch.setattr(machine, "REALTIME", realtime)
    station = load_station("fr3")
    assert by_name(list(machine_findings(tmp_path, station)))["kernel"].level is Level.RED
    assert by_name(list(machine_findings(tmp_path, load_station("fr3_virtual"))))["kernel"].level is Level.GREEN
    realtime.write_text("1\n")
    assert by_name(list(machine_findings(tmp_path, station)))["kernel"].level is Level.GREEN
