"""Limits have no defaults, and limits that limit nothing are refused."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robolearn import config
from robolearn.errors import ConfigError
from robolearn.limits import NONE_MEASURED, Box, Limits
from robolearn.station import StationConfig
from tests.gate_bench import WIDE

POINT = st.tuples(*[st.floats(-1.0, 1.0)] * 3)
UNIT = Box((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))


def test_no_limit_has_a_default() -> None:
    for field in dataclasses.fields(Limits):
        assert field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        values = {name: value for name, value in vars(WIDE).items() if name != field.name}
        with pytest.raises(TypeError, match=field.name):
            Limits(**values)


SHIPPED = config.find("stations", "so101_twin").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_a_limit_that_the_file_does_not_state_is_an_error_with_file_and_line(name: str) -> None:
    lines = SHIPPED.splitlines()
    at = 2 + lines.index("limits:")
    without = "\n".join(line for line in lines if not line.startswith(f"  {name}:"))
    with pytest.raises(ConfigError, match=rf"cell\.yaml:{at}: limits: missing: '{name}' \("):
        config.parse(without, StationConfig, "cell.yaml")


def test_a_load_is_a_number_or_the_word_that_says_that_none_is_measured() -> None:
    station = config.parse(SHIPPED.replace("gripper_load: 1.0", "gripper_load: none_measured"), StationConfig, "it")
    assert station.limits.gripper_load == NONE_MEASURED
    for wrong in ("", "null", "none", "1.5", "-0.5", ".inf"):
        with pytest.raises(ConfigError, match=r"limits\.gripper_load"):
            config.parse(SHIPPED.replace("gripper_load: 1.0", f"gripper_load: {wrong}"), StationConfig, "it")


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "name", ["joint_speed_rad_s", "joint_acceleration_rad_s2", "joint_jerk_rad_s3", "joint_lead_rad"]
)
def test_a_rate_that_is_no_positive_number_is_refused_by_name(name: str, bad: float) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(WIDE, **{name: (1.0, 1.0, bad, 1.0, 1.0)})  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "name", ["command_max_age_s", "watchdog_s", "tool_speed_m_s", "gripper_load", "tool_force_n", "tool_torque_nm"]
)
def test_a_time_speed_or_load_that_is_no_positive_number_is_refused_by_name(name: str, bad: float) -> None:
    with pytest.raises(ConfigError, match=name):
        dataclasses.replace(WIDE, **{name: bad})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["joint_upper_rad", "joint_speed_rad_s", "joint_acceleration_rad_s2", "joint_jerk_rad_s3", "joint_lead_rad"],
)
def test_a_missing_joint_is_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: needs one number per joint, 5"):
        dataclasses.replace(WIDE, **{name: (1.0,) * 4})  # type: ignore[arg-type]


@pytest.mark.parametrize("upper", [-1.5, -2.0, float("nan"), float("inf")])
def test_a_joint_range_that_is_empty_or_not_finite_is_refused(upper: float) -> None:
    with pytest.raises(ConfigError, match="joint_upper_rad"):
        dataclasses.replace(WIDE, joint_upper_rad=(1.5, 1.5, upper, 1.5, 1.5))


@pytest.mark.parametrize("corner", [(0.5, 0.5, -0.5), (0.5, float("nan"), 0.5), (0.5, 0.5, float("inf")), (0.5, 0.5)])
def test_a_box_without_volume_or_with_a_corner_that_is_no_point_is_refused(corner: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="box"):
        Box((-0.5, -0.5, -0.5), corner)  # type: ignore[arg-type]


@given(POINT, POINT)
def test_a_way_enters_a_box_exactly_if_a_point_on_it_is_inside(
    start: tuple[float, ...], end: tuple[float, ...]
) -> None:
    assume(UNIT.depth(start) <= 0.0)
    shares = [step / 2000 for step in range(2001)]
    deepest = max(UNIT.depth([a + s * (b - a) for a, b in zip(start, end, strict=True)]) for s in shares)
    assume(abs(deepest) > 2e-3)
    assert UNIT.entered(start, end) == (deepest > 0.0)


@given(POINT, POINT)
def test_a_kept_way_ends_inside_or_no_further_out(start: tuple[float, ...], end: tuple[float, ...]) -> None:
    if UNIT.keeps(start, end):
        assert all(abs(b) <= max(0.5, abs(a)) for a, b in zip(start, end, strict=True))
    else:
        assert UNIT.depth(end) < 0.0
