"""``robolearn calibrate`` on the twin: what it measures is what the twin is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration import artefacts
from calibration.hand_eye import HandEye
from calibration.intrinsics import Intrinsics
from robolearn import config
from robolearn.cli.main import BAD_INPUT, BAR_MISSED, OK, main

CAMERA = ["--camera", "wrist", "--mounting", "on_tool"]
CAMERA_IN_TOOL_M = (-0.091, 0.060, 0.0)  # of the shipped description
FOVY_DEG, WIDTH, HEIGHT = 66.0, 640, 480


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped twin with large pictures, its own calibrations, and the wrist camera's exact lens among them."""
    text = config.find("stations", "so101_twin_hd").read_text()
    path = tmp_path / "cell.yaml"
    path.write_text(text.replace("~/.robolearn/calibration/so101_twin_hd", str(tmp_path / "calibration")))
    focal = HEIGHT / 2 / math.tan(math.radians(FOVY_DEG / 2))
    lens = Intrinsics(WIDTH, HEIGHT, focal, focal, (WIDTH - 1) / 2, (HEIGHT - 1) / 2, (0.0, 0.0, 0.0, 0.0, 0.0))
    artefacts.save(tmp_path / "calibration", "wrist", "cell", lens, (0.1, "px"), {})
    monkeypatch.setenv("ROBOLEARN_CONFIG_PATH", str(tmp_path))
    return path


def calibrate(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    status = main(["calibrate", *map(str, words), "--json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return status, result


def move_camera(station: Path, metres: float) -> None:
    """A cell as the shipped one, whose cameras have moved; it comes before the shipped one."""
    text = config.find("calibration", "on_table").read_text()
    folder = station.parent / "calibration"
    moved = f"camera_offset_m: [{metres}, {metres}]"
    (folder / "on_table.yaml").write_text(text.replace("camera_offset_m: [0.0, 0.0]", moved))


@pytest.mark.timeout(600)
def test_hand_eye_then_drift_finds_the_camera_and_later_that_it_moved(
    station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--station", station, *CAMERA]
    status, _ = calibrate(capsys, "hand-eye", *words, "--poses", 14)
    found = artefacts.newest(station.parent / "calibration", "wrist", HandEye).result
    assert status == OK and found.rider.translation_m == pytest.approx(CAMERA_IN_TOOL_M, abs=0.001)

    assert calibrate(capsys, "drift", *words, "--poses", 5, "--reference")[0] == OK
    status, same = calibrate(capsys, "drift", *words, "--poses", 5)
    assert status == OK and same["verdict"] == "nothing has moved" and same["taken_s"] < 60.0

    move_camera(station, 0.002)
    status, moved = calibrate(capsys, "drift", *words, "--poses", 5)
    assert status == BAR_MISSED and "the camera moved by 3." in moved["verdict"]


@pytest.mark.timeout(600)
def test_latencies_of_arm_and_camera_are_those_of_the_twin(station: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = calibrate(capsys, "latency", "--station", station, *CAMERA, "--seconds", 7)
    assert status == OK and found["camera_motion_to_frame_s"] == pytest.approx(0.040, abs=0.005)
    assert found["camera_motion_to_stamp_s"] == pytest.approx(0.0, abs=0.005)
    assert found["arm_command_to_reading_s"] == pytest.approx(0.0233, abs=0.005)  # 20 ms, and the servo's own lag


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hand-eye", "--camera", "side", "--mounting", "still"], "unknown camera 'side'"),
        (["hand-eye", "--camera", "front", "--mounting", "still"], "robolearn calibrate intrinsics"),
        (["drift", *CAMERA], "robolearn calibrate drift"),
        (["latency", *CAMERA, "--joint", "elbow"], "unknown joint 'elbow'"),
        (["twin", "--amplitude-deg", "120"], "would leave the joint limits"),
    ],
)
def test_bad_input_is_named_with_the_way_out(
    words: list[str], told: str, station: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, result = calibrate(capsys, *words, "--station", station)
    assert status == BAD_INPUT and told in result["error"]


def test_a_station_that_names_no_folder_is_told_the_line_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    status, result = calibrate(capsys, "intrinsics", "--station", "so101_twin", "--camera", "wrist")
    assert status == BAD_INPUT and "calibration: ~/.robolearn/calibration/so101_twin" in result["error"]


def test_a_board_is_drawn_at_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, result = calibrate(capsys, "board", "--board", "charuco_small", "--png", tmp_path / "board.png")
    assert status == OK and "154 x 110 mm" in result["print"]
    head = (tmp_path / "board.png").read_bytes()[:24]
    width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
    assert np.array([width, height]) / 300 * 25.4 == pytest.approx([154.0, 110.0], abs=0.1)
