"""The numbers of a station's file have bounds, and one beyond them is named with what it means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from robolearn.backends import load_station
from robolearn.config import find
from robolearn.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("policy_hz", "0", "policy_hz: 0.0 is outside [0.1, 1000.0] (actions per second [1/s])"),
        ("control_hz", "-50", "control_hz: -50.0 is outside [0.1, 10000.0]"),
        ("max_reading_age_s", "0", "max_reading_age_s: 0.0 is outside [0.001, 10.0]"),
        ("width", "-128", "cameras.front.width: -128 is outside [1, 16384] (of the picture [px])"),
        ("height", "0", "cameras.front.height: 0 is outside"),
        ("fps", "0", "cameras.front.fps: 0.0 is outside [0.1, 1000.0] (pictures per second [1/s])"),
        ("linear_speed_m_s", "0", "action.linear_speed_m_s: 0.0 is outside [0.001, 10.0]"),
        ("yaw_speed_rad_s", "-1.5", "action.yaw_speed_rad_s: -1.5 is outside"),
        ("gripper_opening", "[0.0, 55]", "action.gripper_opening[1]: 55.0 is outside [0.0, 1.0]"),
        ("tool_pitch_rad", "90", "action.tool_pitch_rad: 90.0 is outside"),
        ("reference_lead_m", "0", "action.reference_lead_m: 0.0 is outside [0.001, 1.0]"),
    ],
)
def test_a_number_beyond_its_bounds_is_named_with_its_meaning(key: str, value: str, fault: str, tmp_path: Path) -> None:
    text = find("stations", "so101_twin").read_text(encoding="utf-8")
    broken, found = re.subn(rf"\b{key}: (\[[^]]*\]|[^,\s}}]+)", f"{key}: {value}", text, count=1)
    assert found
    path = tmp_path / "so101_twin.yaml"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(fault)):
        load_station(str(path))
