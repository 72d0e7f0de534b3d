"""The twin as a process is the twin in process: same episodes, its own time, true intrinsics, a report of itself."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo

from robolearn.actions import ACTION_NAMES
from robolearn.backends import load_task
from robolearn.contracts import Action, Observation, Teleop, TeleopReading, World
from robolearn.descriptions import description
from robolearn.kinematics import Kinematics
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.topics import Service
from robolearn.nodes.world import RosWorld
from robolearn.station import Station
from sim import backend
from tests.nodes.cells import CELL, STATION, twin, world
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

SEED, TICKS = 3, 25
NS = 1_000_000_000
Tick = tuple[Observation, TeleopReading]


def driven(world: World, person: Teleop) -> tuple[list[Tick], bool | None]:
    """What is seen and done in the first ticks of an episode that a scripted person drives."""
    station = Station(STATION, world, Kinematics(description(STATION.description), STATION.joint_names))
    station.connect()
    person.connect()
    ticks = []
    person.begin(SEED)
    station.reset(SEED)
    for _ in range(TICKS):
        ticks.append((station.observe(), person.read()))
        station.act(Action(ticks[-1][1].action))
    truth = world.succeeded()
    person.close()
    return ticks, truth


def test_an_episode_over_the_graph_and_its_gate_is_the_very_one_in_process(tmp_path: Path) -> None:
    with (
        own_network(),
        twin(tmp_path, lock_step=True, person="demonstrator"),
        NodeProcess(tmp_path / "safety.log", "safety_node", **CELL, use_sim_time=True, answer_s=10.0),
        world(topics.SAFETY.of("actor")) as graph,
        diagnostics(graph.link) as told,
    ):
        eventually(lambda: told.get("safety_node", {}).get("fault") == "not armed yet", "the gate to find the arm")
        over_ros, truth_over_ros = driven(graph, graph.teleop(ACTION_NAMES))
    with closing(backend.world(STATION, load_task(CELL["task"]))) as local:
        in_process, truth = driven(local, backend.person(local, STATION))
    for (seen, did), (seen_there, did_there) in zip(in_process, over_ros, strict=True):
        np.testing.assert_array_equal(did.action, did_there.action)
        np.testing.assert_array_equal(seen.arm.joint_position_rad, seen_there.arm.joint_position_rad)
        assert seen.arm.gripper_opening == seen_there.arm.gripper_opening
        assert dict(seen.age_ns) == dict(seen_there.age_ns)
        for name, frame in seen.frames.items():
            np.testing.assert_array_equal(frame.rgb, seen_there.frames[name].rgb)
    assert truth == truth_over_ros


def pace(graph: RosWorld) -> float:
    """Twin seconds per second."""
    start_ns, start_s = graph.clock.now_ns(), time.monotonic()
    time.sleep(2.0)
    return (graph.clock.now_ns() - start_ns) / NS / (time.monotonic() - start_s)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_time_goes_as_fast_as_asked_and_no_faster(tmp_path: Path, factor: float) -> None:
    with own_network(), twin(tmp_path, real_time_factor=factor), world(topics.ARM) as graph:
        assert 0.0 < pace(graph) < 1.1 * factor  # a slow machine may lag behind


def set_pace(graph: RosWorld, factor: float) -> SetParametersResult:
    """Ask the running twin for another pace."""
    value = Parameter("real_time_factor", value=factor).to_parameter_msg()
    service = Service("twin_node/set_parameters", "rcl_interfaces/srv/SetParameters", "")
    return graph.link.call(service, SetParameters.Request(parameters=[value])).results[0]


def test_the_pace_may_be_changed_while_the_twin_runs(tmp_path: Path) -> None:
    with own_network(), twin(tmp_path, real_time_factor=0.2), world(topics.ARM) as graph:
        assert pace(graph) < 0.25
        assert set_pace(graph, 1.0).successful
        eventually(lambda: pace(graph) > 0.3, "time to go faster")
        refused = set_pace(graph, 0.0)
        assert not refused.successful and "range" in refused.reason


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    """A twin that runs in real time, and a place on its graph."""
    with own_network(), twin(tmp_path_factory.mktemp("twin")), closing(Link("test", patience_s=PATIENCE_S)) as link:
        RosWorld(link, (), topics.ARM)
        yield link


def test_the_camera_info_of_a_twin_is_the_truth(link: Link) -> None:
    heard: list[CameraInfo] = []
    with link.listening(topics.CAMERA_INFO.of("wrist"), heard.append):
        info = eventually(lambda: heard and heard[-1], "camera info")
    focal_px = 64.0 / math.tan(math.radians(66.0) / 2)  # of 66 degrees over 128 rows
    np.testing.assert_allclose(info.k, [focal_px, 0, 63.5, 0, focal_px, 63.5, 0, 0, 1])
    np.testing.assert_allclose(info.p, [focal_px, 0, 63.5, 0, 0, focal_px, 63.5, 0, 0, 0, 1, 0])
    assert list(info.d) == [0.0] * 5 and info.distortion_model == "plumb_bob"


def test_a_node_reports_rate_jitter_age_and_drops_of_its_streams(link: Link) -> None:
    with diagnostics(link) as told:
        values = eventually(lambda: "camera/front/image_raw.rate_hz" in told.get("twin_node", {}) and told, "a report")
    report = values["twin_node"]
    assert report["state"] == "active" and float(report["twin_time_s"]) > 0.0
    pictures_hz = STATION.cameras["front"].fps
    for stream, rate_hz in (("arm/joint_states", STATION.control_hz), ("camera/front/image_raw", pictures_hz)):
        assert float(report[f"{stream}.rate_hz"]) == pytest.approx(rate_hz, rel=0.5)  # a slow machine counts few
        assert {f"{stream}.jitter_ms", f"{stream}.age_ms", f"{stream}.drops"} <= set(report)
