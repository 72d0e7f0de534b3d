"""The raw scale of servos, as SO-101 tools keep it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from calibration.joints import ServoScale, from_json, half_turn_homing, range_of, to_json
from robolearn.errors import ConfigError

SCALE = ServoScale(id=2, drive_mode=0, homing_offset=120, range_min=800, range_max=3200)


def test_zero_is_the_middle_of_the_range_and_a_turn_has_4095_steps() -> None:
    assert SCALE.radians(np.array([2000.0])) == pytest.approx([0.0])
    assert np.degrees(SCALE.radians(np.array([2000.0 + 1000.0]))) == pytest.approx([1000.0 * 360.0 / 4095.0])


@pytest.mark.parametrize("drive_mode", [0, 1])
def test_steps_are_the_inverse_of_radians(drive_mode: int) -> None:
    scale = ServoScale(2, drive_mode, 0, 700, 3300)
    present = np.array([700.0, 1500.0, 3300.0])
    assert scale.steps(scale.radians(present)) == pytest.approx(present)
    assert (np.diff(scale.radians(present)) > 0).all() == (drive_mode == 0)


@pytest.mark.parametrize("actual", [0, 100, 2047, 3000, 4094])
def test_homing_makes_the_middle_read_2047(actual: int) -> None:
    offset = half_turn_homing(actual)
    assert -2047 <= offset <= 2047 and actual - offset == 2047


def test_a_calibration_of_other_tools_is_read_and_written_alike() -> None:
    text = to_json({"elbow_flex": SCALE})
    assert json.loads(text) == {
        "elbow_flex": {"id": 2, "drive_mode": 0, "homing_offset": 120, "range_min": 800, "range_max": 3200}
    }
    assert from_json(text, "arm.json") == {"elbow_flex": SCALE}


@pytest.mark.parametrize("text", ["{", '{"elbow": {"id": 1}}', "[1]"])
def test_what_is_no_calibration_is_refused_by_the_name_of_its_file(text: str) -> None:
    with pytest.raises(ConfigError, match=r"arm\.json"):
        from_json(text, "arm.json")


def test_a_range_that_goes_over_the_end_of_the_scale_is_refused() -> None:
    assert range_of(np.array([900, 1500, 3100, 2000])) == (900, 3100)
    with pytest.raises(ConfigError, match="over the end of its scale"):
        range_of(np.array([3900, 4090, 12, 300]))


def test_a_range_without_extent_is_refused() -> None:
    with pytest.raises(ConfigError, match="from stop to stop"):
        ServoScale(1, 0, 0, 2000, 2010)
