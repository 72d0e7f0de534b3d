"""Scales of servos: taken from a virtual arm that is moved by hand, or from another tool's file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from calibration.joints import STEPS, ServoScale, from_json, to_json
from drivers.backend import DevicesConfig
from drivers.feetech_config import FeetechConfig
from drivers.leader import LeaderConfig
from robolearn.backends import load_station
from robolearn.cli.main import main
from robolearn.config import find
from tests.drivers.emulators import MAIN, Emulator
from tests.drivers.so101_rig import RANGES, SCALES, so101_arm, so101_config, virtual_so101
from tests.drivers.ur_rig import wait_until
from tests.house.tree import ROOT

SWING_STEPS = 250
MIDDLE = 2047
MISSED_STEPS = 60  # of a swing that goes too far for a moment, between two looks
NAMES = tuple(RANGES)
LIFT = NAMES.index("shoulder_lift")
TRUTH_COLUMNS = 14


class Hand:
    """Moves the virtual arm by its own motors, past the bus."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def hold(self, servo: int, present_steps: int) -> None:
        """Bring a servo there, or as near as it gets, and hold it."""
        for name, size, value in (
            ("GOAL_POSITION", 2, present_steps),
            ("TORQUE_LIMIT", 2, 1000),
            ("TORQUE_ENABLE", 1, 1),
        ):
            self._emulator.do("register", servo=servo, name=name, size=size, value=value)

    def swing(self, servo: int) -> None:
        """To and fro, slowly enough for each end to be seen, and back."""
        for goal in (MIDDLE + SWING_STEPS, MIDDLE - SWING_STEPS, MIDDLE):
            self.hold(servo, goal)
            time.sleep(0.6)

    def rests(self) -> bool:
        """True if nothing moves any more."""
        before = self._joints()
        time.sleep(0.2)
        return bool(np.abs(self._joints() - before).max() < 1e-4)

    def _joints(self) -> np.ndarray:
        return np.array(list(self._emulator.do("truth")["joint_position_rad"].values()))


def station_at(folder: Path, port: Path, driver: str = "feetech") -> Path:
    """A copy of the station ``so101`` whose follower is at ``port``; its scales are not those of that arm."""
    station = yaml.safe_load(find("stations", "so101").read_text(encoding="utf-8"))
    station["devices"]["arm"] |= {"port": str(port), "patience_s": 0.1, "driver": driver}
    path = folder / "station.yaml"
    path.write_text(yaml.safe_dump(station), encoding="utf-8")
    return path


@contextmanager
def calibrating(*words: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, with a person at its pipes."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "calibrate", "servos", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(process: subprocess.Popen[str], words: str) -> None:
    """Wait for a question."""
    assert process.stderr is not None
    heard = ""
    while not heard.endswith(words):
        letter = process.stderr.read(1)
        assert letter, heard
        heard += letter


def enter(process: subprocess.Popen[str]) -> None:
    """The person presses Enter."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_an_arm_that_is_moved_by_hand_tells_its_scales_and_connects_with_them(tmp_path: Path) -> None:
    truth, kept = tmp_path / "truth", tmp_path / "arm.json"
    with virtual_so101(tmp_path, "--mounting-seed", "3", "--truth", str(truth)) as bench:
        hand, station = Hand(bench.emulator), station_at(tmp_path, bench.port)
        with calibrating("--station", str(station), "--save-json", str(kept)) as process:
            asked(process, "when you hold it: ")
            enter(process)
            asked(process, "press Enter: ")
            assert wait_until(hand.rests)
            enter(process)
            asked(process, "no longer grow.\n")
            moved_from = truth.stat().st_size
            enter(process)
            asked(process, "then press Enter.")
            for servo in range(len(NAMES)):
                hand.hold(servo, MIDDLE)
            hand.hold(LIFT, MIDDLE - 2 * SWING_STEPS)  # off the table
            time.sleep(0.6)
            for servo in {*range(len(NAMES))} - {LIFT}:
                hand.swing(servo)
            enter(process)
            out, told = process.communicate(timeout=30.0)
        assert process.returncode == 0, told
        scales = {name: ServoScale(**plain) for name, plain in yaml.safe_load(out)["servos"].items()}
        assert from_json(kept.read_text(encoding="utf-8"), "kept") == scales
        whole = scales.pop("wrist_roll")
        assert (whole.range_min, whole.range_max) == (0, STEPS - 1)
        rows = np.frombuffer(truth.read_bytes()[moved_from:], float)
        joints = rows[: len(rows) // TRUTH_COLUMNS * TRUTH_COLUMNS].reshape(-1, TRUTH_COLUMNS)[:, 1:7]
        for name, scale in scales.items():
            seen = joints[:, NAMES.index(name)] * STEPS / (2 * np.pi)
            assert -2.0 < np.ptp(seen) - (scale.range_max - scale.range_min) < MISSED_STEPS, name
        arm = so101_arm(so101_config(bench.port, servos={**scales, "wrist_roll": whole}))
        arm.connect()
        assert arm.fault is None and np.isfinite(arm.read().joint_position_rad).all()
        arm.close()


def test_scales_of_another_tool_are_taken_over_without_touching_the_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_text(to_json(dict(reversed(SCALES.items()))), encoding="utf-8")
    station = station_at(tmp_path, tmp_path / "nothing_here")
    assert main(["calibrate", "servos", "--station", str(station), "--leader", "--from-json", str(other)]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == {"servos": {name: vars(one) for name, one in SCALES.items()}}
    assert main(["calibrate", "servos", "--station", str(station), "--from-json", str(other), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["servos"]["gripper"]["id"] == SCALES["gripper"].id


@pytest.mark.parametrize("leader", [False, True])
def test_the_printed_lines_fit_the_file_of_the_station(
    leader: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scales = {name: replace(scale, homing_offset=77) for name, scale in SCALES.items()}
    other, pasted = tmp_path / "other.json", tmp_path / "so101.yaml"
    other.write_text(to_json(scales), encoding="utf-8")
    words = ["--station", "so101", "--from-json", str(other), *(["--leader"] if leader else [])]
    assert main(["calibrate", "servos", *words]) == 0
    lines = find("stations", "so101").read_text(encoding="utf-8").splitlines()
    at = [number for number, line in enumerate(lines) if line.strip().startswith("servos:")][leader]
    lines[at : at + 1 + len(SCALES)] = capsys.readouterr().out.splitlines()
    pasted.write_text("\n".join(lines), encoding="utf-8")
    devices = load_station(str(pasted)).devices
    assert devices is not None
    section = devices.read(DevicesConfig)
    bus = section.teleop.split("driver")[1].read(LeaderConfig).bus if leader else section.arm
    assert bus.split("driver")[1].read(FeetechConfig).servos == scales


@pytest.mark.parametrize(
    ("station", "words", "fault"),
    [
        ("ur5e_2f85", [], "unknown driver of servos with scales 'gripped'"),
        ("so101_twin", [], "has no 'devices'"),
        ("so101_virtual", ["--leader"], "not a leader arm"),
        ("so101", ["--from-json", "nothing.json"], "nothing.json cannot be read"),
        ("so101", [], "there is no port"),
    ],
)
def test_what_cannot_be_calibrated_is_named(
    station: str, words: list[str], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "servos", "--station", station, *words]) == 2
    assert fault in capsys.readouterr().err


def test_scales_of_an_arm_with_other_joints_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text(to_json({"elbow": SCALES["gripper"]}), encoding="utf-8")
    assert main(["calibrate", "servos", "--station", "so101", "--from-json", str(other)]) == 2
    assert re.search(r"scales of elbow; this arm has shoulder_pan", capsys.readouterr().err)


def test_with_nobody_at_the_terminal_nothing_is_changed(tmp_path: Path) -> None:
    with virtual_so101(tmp_path) as bench:
        station = station_at(tmp_path, bench.port)
        with calibrating("--station", str(station)) as process:
            asked(process, "when you hold it: ")
            _, told = process.communicate("", timeout=30.0)
        assert process.returncode == 2 and "nobody at the terminal" in told
        assert all(bench.emulator.do("truth")["torque"])
