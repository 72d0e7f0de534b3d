"""What is wrong on a graph is said plainly and soon, and the arm does not move for it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import Header, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.contracts import ArmCommand, CommandMode
from robolearn.errors import ConfigError, DeviceError
from robolearn.nodes import network, topics
from robolearn.nodes.camera_client import RosCamera
from robolearn.nodes.link import Link
from robolearn.nodes.messages import to_answer
from robolearn.nodes.stamps import NS, to_time
from robolearn.nodes.topics import Topic
from robolearn.nodes.twin_node import TwinNode
from robolearn.nodes.world import RosWorld
from tests.nodes.cells import ANSWER_S, CELL, STATION, twin
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

LEFT, RIGHT = "/left", "/right"
SOON_S = 2.0


class Cell(NamedTuple):
    """A twin in the namespace of the left cell, and a place on its graph."""

    process: NodeProcess
    link: Link
    world: RosWorld
    answers: list[DiagnosticArray]  # to commands


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    folder = tmp_path_factory.mktemp("cell")
    with (
        own_network(),
        twin(folder, "-r", f"__ns:={LEFT}", lock_step=False) as process,
        closing(Link("test", LEFT, PATIENCE_S)) as link,
    ):
        world = RosWorld(link, STATION.camera_specs(), topics.ARM)
        link.patience_s = ANSWER_S
        world.reset(0)
        answers: list[DiagnosticArray] = []
        with link.listening(topics.ARM.clips, answers.append):
            yield Cell(process, link, world, answers)


@contextmanager
def stranger(namespace: str = LEFT) -> Iterator[Link]:
    """Somebody else on the graph."""
    with closing(Link("stranger", namespace, ANSWER_S)) as link:
        yield link


@contextmanager
def unmoved(cell: Cell) -> Iterator[None]:
    """What is done meanwhile does not move the arm."""
    cell.world.arm.connect()
    before = cell.world.arm.read().joint_position_rad
    yield
    time.sleep(0.3)
    np.testing.assert_allclose(cell.world.arm.read().joint_position_rad, before, atol=0.01)
    cell.world.arm.close()


def errors_of(link: Link, start: str) -> Any:
    """Wait for a diagnostic of the twin that begins like this, and return it."""
    with diagnostics(link) as told:

        def look() -> str | None:
            message = told.get("twin_node", {}).get("message", "")
            return message if message.startswith(start) else None

        return eventually(look, start)


def test_a_publisher_of_another_type_is_named_by_the_client(cell: Cell) -> None:
    states = Topic("camera/front/image_raw", "std_msgs/msg/String", topics.IMAGE.qos, "")
    with stranger("/elsewhere") as other, closing(Link("client", "/elsewhere")) as client:
        other.publisher(states)
        camera = RosCamera(client, cell.world.clock, STATION.camera_specs()[0])
        asked_s = time.monotonic()
        with pytest.raises(DeviceError, match="stranger publishes std_msgs/msg/String, not sensor_msgs/msg/Image"):
            camera.connect()
        assert time.monotonic() - asked_s < SOON_S


def test_a_publisher_of_another_type_is_named_by_the_node_and_the_arm_does_not_move(cell: Cell) -> None:
    command = Topic(topics.ARM.command.name, "std_msgs/msg/String", topics.ARM.command.qos, "")
    with stranger() as other, unmoved(cell):
        other.publisher(command).publish(String(data="move"))
        named = errors_of(cell.link, "arm/command")
        assert "stranger publishes std_msgs/msg/String, expected trajectory_msgs/msg/JointTrajectory" in named


def test_another_publisher_of_the_arms_readings_is_named(cell: Cell) -> None:
    with stranger() as other:
        other.publisher(topics.JOINT_STATES)
        named = errors_of(cell.link, "arm/joint_states")
        assert "/left/stranger publishes it too; give each cell a namespace of its own" in named


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"frame": "palm_camera"}, "camera/front/image_raw: in the frame 'front_camera', expected 'palm_camera'"),
        ({"width": 64}, "camera/front/image_raw: encoding, width, height, step and bytes are"),
    ],
)
def test_a_camera_in_another_frame_or_of_another_size_is_refused(
    cell: Cell, change: dict[str, object], fault: str
) -> None:
    camera = RosCamera(cell.link, cell.world.clock, replace(STATION.camera_specs()[0], **change))
    with pytest.raises(DeviceError, match=fault):
        camera.connect()
    with pytest.raises(DeviceError, match="not connected"):
        camera.read()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"frame_id": "world"}, "arm/command: in the frame 'world', expected 'base'"),
        ({"names": ["shoulder_pan", "tail"]}, "arm/command: joints .*tail"),
        ({"names": []}, "arm/command: no value for shoulder_pan"),
        ({"value": float("nan")}, "arm/command: not finite"),
        ({"value": float("inf")}, "arm/command: not finite"),
        ({"points": 0}, "arm/command: needs one point, got 0"),
        ({"age_s": 1.0}, "arm command: age .* is outside"),
        ({"age_s": -1.0}, "arm command: age .* is outside"),
    ],
    ids=["frame", "joint", "no joints", "nan", "inf", "no point", "stale", "future"],
)
def test_a_command_that_is_not_one_is_refused_with_its_reason(cell: Cell, change: dict[str, Any], fault: str) -> None:
    asked = {"frame_id": "", "names": list(STATION.joint_names), "value": 0.5, "points": 1, "age_s": 0.0, **change}
    cell.answers.clear()
    with unmoved(cell):
        publisher = cell.link.publisher(topics.ARM.command)
        eventually(lambda: publisher.get_subscription_count() or None, "the node to hear commands")
        stamp = to_time(cell.world.clock.now_ns() - round(asked["age_s"] * NS))
        message = JointTrajectory(header=Header(stamp=stamp, frame_id=asked["frame_id"]), joint_names=asked["names"])
        positions = [asked["value"]] * len(asked["names"])
        message.points = [JointTrajectoryPoint(positions=positions)] * asked["points"]
        publisher.publish(message)
        answer = to_answer(eventually(lambda: cell.answers and cell.answers[-1], "the answer"))
    assert answer.refused_as == "BorderError" and re.search(fault, answer.refusal), answer


def test_a_second_node_of_the_same_name_gives_way_and_says_why(cell: Cell, tmp_path: Path) -> None:
    with unmoved(cell), twin(tmp_path, "-r", f"__ns:={LEFT}") as second:
        assert second.wait() == 2
        assert "a node called /left/twin_node is there already" in second.said()
        assert "give this cell a namespace of its own" in second.said()
    assert cell.process.process.poll() is None


def test_two_cells_share_a_network_in_namespaces_of_their_own(cell: Cell, tmp_path: Path) -> None:
    with (
        twin(tmp_path, "-r", f"__ns:={RIGHT}", lock_step=True),
        closing(Link("test", RIGHT, PATIENCE_S)) as link,
        unmoved(cell),
    ):
        right = RosWorld(link, (), topics.ARM)
        right.reset(0)
        right.arm.connect()
        start = right.arm.read().joint_position_rad
        for _ in range(20):
            now_ns = right.clock.now_ns()
            right.arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, start + 0.1, None))
            right.clock.sleep_until(now_ns + round(NS / STATION.control_hz))
        assert np.abs(right.arm.read().joint_position_rad - start).max() > 0.05
        stands_at_ns = right.clock.now_ns()
        cell.world.clock.sleep_until(cell.world.clock.now_ns() + NS // 10)
        assert right.clock.now_ns() == stands_at_ns


def test_a_cell_where_nobody_answers_is_named_within_two_seconds() -> None:
    with own_network(), closing(Link("alone")) as link:
        asked_s = time.monotonic()
        with pytest.raises(DeviceError, match="service /arm/get_parameters: nobody offers it. Are the nodes"):
            RosWorld(link, (), topics.ARM)
        assert time.monotonic() - asked_s < SOON_S + 1.0


def test_a_node_with_an_unknown_parameter_ends_and_says_what_was_meant(tmp_path: Path) -> None:
    with own_network(), NodeProcess(tmp_path / "twin.log", "twin_node", **CELL, locked_step=True) as node:
        assert node.wait() == 2
        assert "unknown parameter 'locked_step'. Did you mean 'lock_step'?" in node.said()


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"station": "so101_twin"}, "parameter 'task' (name or file of the task) is missing"),
        ({**CELL, "real_time_factor": 0.0}, "0.0 is outside [0.01, 100.0]"),
        ({**CELL, "lock_step": "perhaps"}, "must be true or false, got 'perhaps'"),
        ({**CELL, "person": "robot"}, "unknown person 'robot'"),
        ({**CELL, "station": "so102"}, "unknown station 'so102'"),
    ],
    ids=["missing", "range", "type", "person", "station"],
)
def test_a_parameter_that_is_wrong_is_refused_and_named(parameters: dict[str, object], fault: str) -> None:
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
    with own_network(), pytest.raises(ConfigError, match=re.escape(fault)):
        network.join(["twin_node", "--ros-args", *words])
        try:
            TwinNode()
        finally:
            rclpy.shutdown()
