"""Publishers that have no business on the topics of a node: of another type, or beside its own streams."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

from robolearn.nodes.topics import Topic

NAMELESS = "_NODE_NAME_UNKNOWN_"  # of a publisher that was discovered before its node


class Strangers:
    """What one node watches. ``heard`` takes publishers of its type only, ``streamed`` none but the node itself."""

    def __init__(self, node: Node) -> None:
        self.heard: list[Topic] = []
        self.streamed: list[Topic] = []
        self._node = node
        self._nameless: set[bytes] = set()  # at the last look

    def look(self) -> list[str]:
        """A fault for each stranger. One whose node is not known yet has until the next look to be discovered."""
        before, self._nameless = self._nameless, set()
        faults = []
        for topic in self.heard:
            for found in self._known(topic, before):
                if found.topic_type != topic.type:
                    faults.append(
                        f"{topic.name}: node {found.node_name} publishes {found.topic_type}, expected {topic.type}"
                    )
        for topic in self.streamed:
            for found in self._known(topic, before):
                full = f"{found.node_namespace.rstrip('/')}/{found.node_name}"
                if full != self._node.get_fully_qualified_name():
                    faults.append(f"{topic.name}: node {full} publishes it too; give each cell a namespace of its own")
        return faults

    def _known(self, topic: Topic, before: set[bytes]) -> Iterable[TopicEndpointInfo]:
        for found in self._node.get_publishers_info_by_topic(topic.name):
            gid = bytes(found.endpoint_gid)
            if found.node_name == NAMELESS:
                self._nameless.add(gid)
            if found.node_name != NAMELESS or gid in before:
                yield found
