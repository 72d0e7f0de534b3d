"""A station does what was asked or says what it did instead, and moves nothing for an action that is no action."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from robolearn.actions import ACTION_NAMES
from robolearn.backends import open_station
from robolearn.contracts import Action, Float32, Frame, StepResult
from robolearn.descriptions import description
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.kinematics import Kinematics
from robolearn.station import Crop, Station
from sim import backend
from sim.world import TwinWorld
from tests.sim.cells import STATION, blind_cell, seeing_cell
from tests.sim.test_twin_contract import TASK

WORKSPACE = STATION.limits.workspace
SEED = 4


@pytest.fixture
def station() -> Iterator[Station]:
    with blind_cell(TASK) as (station, _):
        station.reset(SEED)
        yield station


def action(**values: float) -> Action:
    return Action(np.array([values.get(name, 0.0) for name in ACTION_NAMES], np.float32))


def tool(station: Station) -> np.ndarray:
    return station.arm.read().ee_position_base_m


def drive(station: Station, ticks: int, **values: float) -> list[StepResult]:
    return [station.act(action(**values)) for _ in range(ticks)]


@pytest.mark.parametrize(
    "values",
    [{}, {"vx": 0.5}, {"vy": -0.7, "gripper": 1.0}, {"vz": 0.3, "wz": -0.5}],
    ids=["still", "x", "y", "z and yaw"],
)
def test_what_is_asked_for_within_the_limits_is_what_is_executed(station: Station, values: dict[str, float]) -> None:
    asked = action(**values)
    result = station.act(asked)
    assert result.clips == ()
    np.testing.assert_array_equal(result.executed, asked.values)
    assert result.executed.dtype == np.float32


@pytest.mark.parametrize(("name", "value", "axis"), [("vx", 0.4, 0), ("vy", -0.4, 1)])
def test_the_tool_moves_as_far_as_the_action_says(station: Station, name: str, value: float, axis: int) -> None:
    """Half a second at constant speed, once it has got going."""
    drive(station, 3, **{name: value})
    start = tool(station)
    results = drive(station, 5, **{name: value})
    moved = tool(station) - start
    assert all(not result.clips for result in results)
    expected = value * STATION.action.linear_speed_m_s * 5 / STATION.policy_hz
    assert moved[axis] == pytest.approx(expected, rel=0.2)
    assert np.abs(np.delete(moved, axis)).max() < 0.012


@pytest.mark.parametrize(
    ("name", "value", "axis", "bound"),
    [("vx", 1.0, 0, "max_base_m"), ("vz", 1.0, 2, "max_base_m"), ("vy", -1.0, 1, "min_base_m")],
)
def test_at_the_end_of_the_workspace_the_clip_is_named_and_executed_tells_the_truth(
    station: Station, name: str, value: float, axis: int, bound: str
) -> None:
    result = drive(station, 25, **{name: value})[-1]
    assert "workspace" in result.clips
    assert abs(result.executed[axis]) < 0.1, "it stands at the wall, whatever was asked"
    assert tool(station)[axis] == pytest.approx(getattr(WORKSPACE, bound)[axis], abs=0.006)


def test_at_the_end_of_a_joint_the_clip_is_named_and_the_way_back_is_free(station: Station) -> None:
    """High up and close to its base the arm cannot bend its wrist any further."""
    result = drive(station, 15, vx=-1.0)[-1]
    assert "joint_range" in result.clips and np.abs(result.executed[:3]).max() < 0.2
    assert station.arm.read().joint_position_rad.max() <= max(STATION.limits.joint_upper_rad) + 0.02
    stuck = tool(station)
    drive(station, 10, vx=0.5)
    assert tool(station)[0] > stuck[0] + 0.04


def test_a_wall_in_one_direction_does_not_stop_the_others(station: Station) -> None:
    drive(station, 25, vz=1.0)
    before = tool(station)
    result = drive(station, 5, vz=1.0, vy=-0.5)[-1]
    assert "workspace" in result.clips
    assert result.executed[ACTION_NAMES.index("vy")] == pytest.approx(-0.5, abs=0.05)
    assert tool(station)[1] < before[1] - 0.02


@pytest.mark.parametrize(
    "bad",
    [np.full(5, np.nan), np.array([np.inf, 0, 0, 0, 0]), np.full(5, 1.5), np.zeros(4), np.zeros((1, 5))],
    ids=["nan", "infinite", "too large", "too short", "a batch"],
)
def test_what_is_no_action_is_refused_and_nothing_moves(station: Station, bad: Float32) -> None:
    before, now_ns = station.arm.read(), station.clock.now_ns()
    assert isinstance(station.world, TwinWorld)
    controls = station.world.scene.data.ctrl.copy()
    with pytest.raises(BorderError, match="action"):
        station.act(Action(bad.astype(np.float32)))
    assert station.clock.now_ns() == now_ns
    np.testing.assert_array_equal(station.world.scene.data.ctrl, controls)
    np.testing.assert_array_equal(station.arm.read().ee_position_base_m, before.ee_position_base_m)
    assert station.act(action()).clips == ()


def test_if_one_device_does_not_open_those_already_open_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unplugged() -> None:
        raise DeviceError("camera wrist: unplugged")

    world = backend.world(STATION, TASK)
    monkeypatch.setattr(world.cameras["wrist"], "connect", unplugged)
    station = Station(STATION, world, Kinematics(description(STATION.description), STATION.joint_names))
    with closing(station):
        with pytest.raises(DeviceError, match="unplugged"):
            station.connect()
        for device in (station.arm, world.cameras["front"]):
            with pytest.raises(DeviceError, match="not connected"):
                device.read()


def test_after_a_stop_nothing_moves_until_the_next_explicit_reset(station: Station) -> None:
    station.arm.stop("a person pressed the button")
    with pytest.raises(DeviceError, match="a person pressed the button"):
        station.act(action(vx=0.5))
    station.reset(SEED)
    assert station.act(action(vx=0.5)).clips == ()


def test_the_same_seed_and_actions_give_the_same_episode() -> None:
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (15, len(ACTION_NAMES))).astype(np.float32)
    seen = []
    with seeing_cell(TASK) as (station, _):
        for seed in (SEED, SEED + 1, SEED):
            station.reset(seed)
            for values in actions:
                station.act(Action(values))
            observation = station.observe()
            seen.append((station.proprio(observation.arm), observation.frames["front"].rgb))
    first, other, again = seen
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_an_observation_says_how_old_each_of_its_parts_is() -> None:
    with seeing_cell(TASK) as (station, _):
        station.reset(SEED)
        ticks = []
        for _ in range(4):
            observation = station.observe()
            ticks.append(observation.tick)
            assert set(observation.age_ns) == {"arm", *STATION.cameras}
            assert all(0 <= age <= STATION.max_reading_age_s * 1e9 for age in observation.age_ns.values())
            assert observation.age_ns["front"] == observation.stamp_ns - observation.frames["front"].stamp_ns
            station.act(action())
        assert ticks == [0, 1, 2, 3]
        assert station.proprio(observation.arm).shape == (station.proprio_dim,)


@pytest.mark.parametrize("thought_periods", [0, 1])
def test_the_policys_rate_holds_while_thinking_takes_no_more_than_a_control_period(
    station: Station, thought_periods: int
) -> None:
    thought_ns = thought_periods * round(1e9 / STATION.control_hz)
    stamps_ns = []
    for _ in range(6):
        station.act(action())
        stamps_ns.append(station.clock.now_ns())
        station.clock.sleep_until(station.clock.now_ns() + thought_ns)
    assert set(np.diff(stamps_ns)) == {round(1e9 / STATION.policy_hz)}


def test_who_thinks_too_long_loses_that_time_and_sends_no_burst_after_it(station: Station) -> None:
    period_ns, control_ns = round(1e9 / STATION.policy_hz), round(1e9 / STATION.control_hz)
    station.act(action())
    thought_ns = station.clock.now_ns() + 3 * period_ns
    station.clock.sleep_until(thought_ns)
    station.act(action())
    assert station.clock.now_ns() - thought_ns == period_ns - control_ns, "from its first command to its last"


def test_only_the_part_of_a_picture_that_is_used_is_seen() -> None:
    whole = STATION.cameras["front"]
    part = replace(whole, crop=Crop(x=16, y=32, width=96, height=64))
    picture = np.arange(whole.height * whole.width * 3, dtype=np.uint8).reshape(whole.height, whole.width, 3)
    seen = part.used(Frame(7, picture))
    assert seen.stamp_ns == 7 and seen.rgb.shape == (*part.used_shape, 3) == (64, 96, 3)
    np.testing.assert_array_equal(seen.rgb, picture[32:96, 16:112])
    assert whole.used_shape == (128, 128) and whole.used(Frame(7, picture)).rgb is picture


def test_a_station_observes_the_part_that_is_used() -> None:
    front = replace(STATION.cameras["front"], crop=Crop(x=0, y=0, width=96, height=64))
    config = replace(STATION, cameras={**STATION.cameras, "front": front})
    with closing(open_station(config, TASK)) as station:
        station.reset(0)
        frames = station.observe().frames
    assert frames["front"].rgb.shape == (64, 96, 3) and frames["wrist"].rgb.shape == (128, 128, 3)


def test_a_part_that_is_not_within_the_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="crop: .* does not lie within a picture of 128 x 128"):
        replace(STATION.cameras["front"], crop=Crop(x=64, y=0, width=96, height=64))
