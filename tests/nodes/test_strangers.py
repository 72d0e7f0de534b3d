"""Whoever publishes on a node's topics without business there, and how long a name may take to be discovered."""

from __future__ import annotations

from typing import Any

import pytest
from rclpy.topic_endpoint_info import TopicEndpointInfo

from robolearn.nodes import topics
from robolearn.nodes.strangers import NAMELESS, Strangers

HEARD, STREAMED = topics.ARM.command, topics.JOINT_STATES


class Graph:
    """What a node sees of its graph, as discovery would have it at each look."""

    def __init__(self) -> None:
        self.publishers: dict[str, list[TopicEndpointInfo]] = {}

    def get_fully_qualified_name(self) -> str:
        return "/left/twin_node"

    def get_publishers_info_by_topic(self, name: str) -> list[TopicEndpointInfo]:
        return self.publishers.get(name, [])


def publisher(node: str, kind: str, number: int = 1) -> TopicEndpointInfo:
    """A publisher as rclpy tells of it."""
    return TopicEndpointInfo(node_name=node, node_namespace="/left", topic_type=kind, endpoint_gid=[number] * 16)


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
def strangers(graph: Any) -> Strangers:
    strangers = Strangers(graph)
    strangers.heard.append(HEARD)
    strangers.streamed.append(STREAMED)
    return strangers


def test_the_node_itself_and_publishers_of_the_right_type_are_no_strangers(graph: Graph, strangers: Strangers) -> None:
    graph.publishers = {
        HEARD.name: [publisher("safety_node", HEARD.type)],
        STREAMED.name: [publisher("twin_node", STREAMED.type)],
    }
    assert strangers.look() == []


def test_a_publisher_is_named_by_its_node_not_before_it_is_known(graph: Graph, strangers: Strangers) -> None:
    graph.publishers[STREAMED.name] = [publisher(NAMELESS, STREAMED.type)]
    assert strangers.look() == []
    graph.publishers[STREAMED.name] = [publisher("stranger", STREAMED.type)]
    assert strangers.look() == [
        f"{STREAMED.name}: node /left/stranger publishes it too; give each cell a namespace of its own"
    ]


def test_a_publisher_that_stays_nameless_is_told_with_the_second_look(graph: Graph, strangers: Strangers) -> None:
    graph.publishers[HEARD.name] = [publisher(NAMELESS, "std_msgs/msg/String")]
    assert strangers.look() == []
    graph.publishers[HEARD.name].append(publisher(NAMELESS, "std_msgs/msg/Bool", number=2))
    first = strangers.look()
    assert len(first) == 1 and "std_msgs/msg/String" in first[0]
    assert len(strangers.look()) == 2
