"""Artefacts: what is saved is what is loaded, and a missing, stale or damaged one is told with the way out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calibration import artefacts
from calibration.drift import Reference, Seen
from calibration.hand_eye import HandEye, Mounting
from calibration.identification import TwinParameters
from calibration.intrinsics import Intrinsics
from calibration.joints import JointZeros
from calibration.latency import Latency
from robolearn.errors import ConfigError
from tests.calibration.cell import simple_lens

LENS = simple_lens((-0.25, 1e-7, 0.0, 0.0, 0.0))
RESULTS = (
    LENS,
    HandEye(Mounting.ON_TOOL, (0.1, 0.2, 0.3, 0.01, 0.02, 0.03), (0.0, 0.0, 3.1, 0.2, 0.0, 0.0)),
    JointZeros(("pan", "lift"), (0.01, -0.02), (0.001, 0.001)),
    Latency(0.04, None, 30.0),
    TwinParameters(("pan",), (0.6,), (0.05,), (0.028,), (400.0,), (2.0,), 0.017),
    Reference("charuco_small", (Seen((0.1, 0.2), (3, 4), ((10.5, 20.25), (30.0, 40.0))),), (0.01, 0.98)),
)


def saved(folder: Path, result: Any = LENS) -> Path:
    return artefacts.save(folder, "wrist", "cell", result, (0.12, "px"), {"board": "charuco_small"})


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_what_is_saved_is_what_is_loaded(result: Any, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    path = saved(tmp_path, result)
    found = artefacts.load(path, type(result))
    assert found.result == result and (found.device, found.station) == ("wrist", "cell")
    assert (found.residual, found.residual_unit, found.conditions) == (0.12, "px", {"board": "charuco_small"})
    assert before <= found.made <= datetime.now(UTC) and found.software.startswith("robolearn ")
    assert artefacts.newest(tmp_path, "wrist", type(result)) == found


def test_every_kind_is_tested_here() -> None:
    assert {type(result) for result in RESULTS} == {kind.result for kind in artefacts.KINDS.values()}


def test_the_newest_file_counts_and_the_old_one_stays(tmp_path: Path) -> None:
    path = saved(tmp_path)
    older = path.with_name("intrinsics-wrist-20200101T000000Z.yaml")
    older.write_text(path.read_text().replace("fx_px: 600.0", "fx_px: 500.0"))
    assert artefacts.newest(tmp_path, "wrist", Intrinsics).result == LENS and older.is_file()
    path.unlink()
    assert artefacts.newest(tmp_path, "wrist", Intrinsics).result == replace(LENS, fx_px=500.0)


def test_a_missing_one_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    saved(tmp_path)
    assert artefacts.find(tmp_path, "front", Intrinsics) is None
    with pytest.raises(ConfigError, match="robolearn calibrate intrinsics"):
        artefacts.newest(tmp_path, "front", Intrinsics)


def test_a_station_without_a_folder_is_told_the_line_to_add() -> None:
    with pytest.raises(ConfigError, match=r"calibration: ~/\.robolearn/calibration/cell"):
        artefacts.folder_of("cell", None)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fx_px: 600.0", "fx_px: .nan", "fx_px"),
        ("fx_px: 600.0", "fx: 600.0", "unknown key 'fx'"),
        ("residual: 0.12", "residual: low", "residual"),
        ("kind: intrinsics", "kind: latency", "holds a calibration of kind 'latency', not 'intrinsics'"),
        ("+00:00'", "'", "the time needs a zone"),
    ],
)
def test_a_damaged_one_is_refused_by_file_and_fault(old: str, new: str, told: str, tmp_path: Path) -> None:
    path = saved(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=told) as caught:
        artefacts.load(path, Intrinsics)
    assert path.name in str(caught.value)


def test_one_grows_stale_with_age_and_one_from_the_future_is_told(tmp_path: Path) -> None:
    found = artefacts.load(saved(tmp_path), Intrinsics)
    day = timedelta(days=1)
    assert artefacts.stale(found, found.made + 364 * day) == ""
    assert "robolearn calibrate intrinsics" in artefacts.stale(found, found.made + 366 * day)
    assert "check the clock" in artefacts.stale(found, found.made - 3 * day)
