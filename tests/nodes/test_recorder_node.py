"""What passes on the graph is in the recording, as other readers of such files see it; a kill loses a second."""

from __future__ import annotations

import array
import itertools
import resource
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from sensor_msgs.msg import CameraInfo, Image, JointState, Joy
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.nodes import topics
from robolearn.nodes.base import load_type
from robolearn.nodes.link import Link
from robolearn.nodes.topics import Qos, Topic
from tests.nodes.processes import NodeProcess, diagnostics, eventually, own_network

COUNT = 40


@pytest.fixture
def link() -> Iterator[Link]:
    with own_network():
        link = Link("tester")
        yield link
        link.close()


def recorder(tmp_path: Path) -> NodeProcess:
    return NodeProcess(tmp_path / "log.txt", "recorder_node", folder=tmp_path / "bags")


def a_message_of(type_name: str, number: int) -> Any:
    """A message of each type, with something in every kind of field."""
    if type_name == topics.JOINT_STATES.type:
        message = JointState(name=["a", "gripper"], position=[0.25 * number, float("nan")], effort=[])
    elif type_name == topics.IMAGE.type:
        message = Image(height=2, width=3, step=9, encoding="rgb8", data=array.array("B", range(number, number + 18)))
    elif type_name == topics.EE_POSE.type:
        message = PoseStamped()
        message.pose.position.x = 0.5 * number
    elif type_name == topics.CAMERA_INFO.type:
        message = CameraInfo(width=3, d=[0.5, -0.25], k=np.arange(9.0) + number)
    elif type_name == topics.TRAJECTORY:
        message = JointTrajectory(joint_names=["a"], points=[JointTrajectoryPoint(positions=[0.5 * number])])
    elif type_name == topics.DIAGNOSTICS_TYPE:
        status = DiagnosticStatus(name="x", level=b"\1", values=[KeyValue(key="k", value=str(number))])
        message = DiagnosticArray(status=[status])
    elif type_name == topics.TELEOP.type:
        message = Joy(axes=[0.5, -1.0], buttons=[number, 0])
    else:
        return String(data=f"number {number}")
    message.header.stamp.sec = number
    return message


SENT = (
    topics.JOINT_STATES, topics.IMAGE.of("front"), topics.EE_POSE, topics.CAMERA_INFO.of("front"),
    topics.REQUESTED.of("actor"), topics.SAFETY.clips, topics.TELEOP, topics.RUN_STATE,
)  # fmt: skip
RELIABLE = {topic: replace(topic, qos=Qos.REPLY) for topic in SENT if topic.qos is not Qos.LATCHED}


def sent_on_all(link: Link, wanted: tuple[Topic, ...]) -> dict[str, list[str]]:
    """Publish COUNT messages on each topic, reliably, and slowly enough for a recorder on a busy machine."""
    publishers = {topic.name: link.publisher(RELIABLE.get(topic, topic)) for topic in wanted}
    for publisher in publishers.values():
        eventually(lambda publisher=publisher: publisher.get_subscription_count(), "the recorder")
    sent: dict[str, list[str]] = {f"/{name}": [] for name in publishers}
    for number in range(COUNT):
        for topic in wanted:
            message = a_message_of(topic.type, number)
            publishers[topic.name].publish(message)
            sent[f"/{topic.name}"].append(repr(message))
        time.sleep(0.02)
    return sent


def wait_until_on_disk(health: Mapping[str, dict[str, str]], count: int) -> None:
    """Return once the recorder has heard ``count`` messages, and has put as many as it had heard then to the disk.

    Reports of nodes are recorded too, one a second, so there is always one more to come."""

    def told(key: str) -> int:
        return int(health.get("recorder_node", {}).get(key, 0))

    eventually(lambda: told("heard") >= count, "the last message")
    heard = told("heard")
    eventually(lambda: told("safe") >= heard, "the last message on the disk")


def read_back(path: Path) -> dict[str, list[str]]:
    """Every message but reports of nodes, read and written again by another implementation.

    It has nothing but the file's own schemas."""
    store = get_typestore(Stores.EMPTY)
    found: dict[str, list[str]] = {}
    with Reader(path) as reader:
        wanted = [connection for connection in reader.connections if connection.topic != "/diagnostics"]
        for connection in wanted:
            store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        for connection, _, data in reader.messages(wanted) if wanted else ():  # none wanted would be all
            message = store.deserialize_cdr(data, connection.msgtype)
            again = bytes(store.serialize_cdr(message, connection.msgtype))
            as_sent = deserialize_message(again, load_type(connection.msgtype))
            found.setdefault(connection.topic, []).append(repr(as_sent))
    return found


def test_every_message_of_every_type_is_read_back_by_another_implementation(link: Link, tmp_path: Path) -> None:
    with recorder(tmp_path) as node:
        sent = sent_on_all(link, SENT)
        with diagnostics(link) as health:
            wait_until_on_disk(health, COUNT * len(SENT))
        assert node.end(signal.SIGTERM) == 0
    (path,) = (tmp_path / "bags").glob("*.mcap")
    assert read_back(path) == sent


def test_after_a_kill_everything_up_to_the_last_chunk_is_there(link: Link, tmp_path: Path) -> None:
    with recorder(tmp_path) as node:
        sent = sent_on_all(link, SENT)
        with diagnostics(link) as health:
            wait_until_on_disk(health, COUNT * len(SENT))
        node.end(signal.SIGKILL)
    (path,) = (tmp_path / "bags").glob("*.mcap")
    with path.open("ab") as file:
        file.write(path.read_bytes()[60:200])  # a chunk of which only the beginning got to the disk
    with recorder(tmp_path) as node:
        eventually(lambda: f"{path} was cut short" in node.said(), "what the recorder says of it")
    assert read_back(path) == sent


def test_a_disk_that_refuses_is_named_and_recording_goes_on_when_it_can(link: Link, tmp_path: Path) -> None:
    folder = tmp_path / "bags"
    with recorder(tmp_path) as node, diagnostics(link) as health:
        publisher = link.publisher(topics.RUN_STATE)
        eventually(publisher.get_subscription_count, "the recorder")
        largest_file(node.process.pid, 8192)
        for number in range(400):
            publisher.publish(String(data=str(number) * 100))
            time.sleep(0.001)
        eventually(lambda: "recording into" in health.get("recorder_node", {}).get("last_error", ""), "the fault")
        largest_file(node.process.pid, resource.RLIM_INFINITY)
        time.sleep(1.0)
        heard = int(health["recorder_node"]["heard"])
        publisher.publish(String(data="after"))
        eventually(lambda: int(health["recorder_node"]["heard"]) >= heard + 2, "the last message, and a report")
        lost = int(health["recorder_node"]["lost"])
        assert node.end(signal.SIGTERM) == 0
    written = set(folder.glob("*.mcap"))
    with recorder(tmp_path) as node:  # completes whatever the disk cut short
        eventually(lambda: set(folder.glob("*.mcap")) > written, "the next file")
        eventually(lambda: "was cut short" in node.said(), "what the recorder says of it")
    found = [read_back(path).get("/supervisor/state", []) for path in sorted(folder.glob("*.mcap"))]
    assert 0 < sum(map(len, found)) < 401 <= sum(map(len, found)) + lost
    assert repr(String(data="after")) in itertools.chain(*found)


def largest_file(pid: int, limit: int) -> None:
    """Let files of a process grow no further than this."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
