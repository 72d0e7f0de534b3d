"""A client's place on the graph: a node whose messages come in on a thread of their own, and how to wait for them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from rclpy.client import Client
from rclpy.context import Context
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.topic_endpoint_info import TopicEndpointInfo

from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import network
from robolearn.nodes.base import load_type
from robolearn.nodes.qos import PROFILES, recorded
from robolearn.nodes.rounds import Rounds
from robolearn.nodes.stamps import Stamps
from robolearn.nodes.strangers import NAMELESS
from robolearn.nodes.topics import Service, Topic

T = TypeVar("T")
ANSWER_S = 2.0  # whoever has not answered by then is not there
LOOK_S = 0.05
NUDGE_S = 0.2
TELLS_TYPES = "start_type_description_service"  # the node of a client need not: it publishes what the nodes hear
log = logging.getLogger(__name__)
RUNNING = "Are the nodes of the cell running, in this namespace and ROS_DOMAIN_ID?"


class Link:
    """One node of a client. ``arrived`` guards what its callbacks write, and wakes who waits for it."""

    def __init__(self, name: str, namespace: str = "", patience_s: float = ANSWER_S) -> None:
        """Join the graph. ``patience_s`` is how long an answer may take, in true time."""
        self.patience_s = patience_s
        self.arrived = threading.Condition()
        self.stamps = Stamps(simulated=False)
        self._context = Context()
        network.join(context=self._context)
        self._node = _lean_node(name, namespace, self._context)
        self._clients: dict[str, Client[Any, Any]] = {}
        self._executor = Rounds(context=self._context)
        self._executor.add_node(self._node)
        self._open = True
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the graph; may be called twice."""
        if self._open:
            self._open = False
            self._executor.wake()
            self._thread.join()  # a thread that outlives the context aborts the process
            self._executor.shutdown()
            self._node.destroy_node()
            self._context.try_shutdown()

    def publisher(self, topic: Topic) -> Publisher[Any]:
        """Publish on a topic."""
        events = PublisherEventCallbacks(use_default_callbacks=False)
        return self._node.create_publisher(
            load_type(topic.type), topic.name, PROFILES[topic.qos], event_callbacks=events
        )

    def forget(self, publisher: Publisher[Any]) -> None:
        """Publish with this one no more."""
        self._node.destroy_publisher(publisher)

    @contextmanager
    def listening(
        self, topic: Topic, heard: Callable[[Any], None], every: bool = False, raw: bool = False
    ) -> Iterator[None]:
        """Call ``heard`` with messages, under ``arrived``: with the newest, or, to count them, with ``every`` one.

        A ``raw`` message is bytes, as they came."""

        def locked(message: Any) -> None:
            with self.arrived:
                heard(message)
                self.arrived.notify_all()

        subscription = self._node.create_subscription(
            load_type(topic.type), topic.name, locked, recorded(topic.qos) if every else PROFILES[topic.qos],
            raw=raw,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )  # fmt: skip
        try:
            yield
        finally:
            self._node.destroy_subscription(subscription)

    def wait(
        self,
        look: Callable[[], T | None],
        what: str,
        nudge: Callable[[], None] | None = None,
        patience_s: float | None = None,
    ) -> T:
        """What ``look`` finds, as soon as it finds it; it is called under ``arrived``, and ``nudge`` now and then.

        Raises DeviceError that says ``what`` was waited for in vain."""
        now_s, allowed_s = time.monotonic(), self.patience_s if patience_s is None else patience_s
        nudge_s, deadline_s = now_s, now_s + allowed_s
        with self.arrived:
            while (found := look()) is None:
                if now_s >= deadline_s:
                    raise DeviceError(f"{what}: no answer within {allowed_s:g} s")
                if nudge is not None and now_s >= nudge_s:
                    nudge()
                    nudge_s += NUDGE_S
                self.arrived.wait(min(deadline_s - now_s, NUDGE_S))
                now_s = time.monotonic()
        return found

    def call(self, service: Service, request: Any) -> Any:
        """The response of a service. Raises DeviceError if nobody offers it, or its node does not answer."""
        if service.name not in self._clients:
            self._clients[service.name] = self._node.create_client(load_type(service.type), service.name)
        client = self._clients[service.name]
        if not client.wait_for_service(self.patience_s):
            raise DeviceError(f"service {client.service_name}: nobody offers it. {RUNNING}")
        future = client.call_async(request)
        future.add_done_callback(self._wake)
        self.wait(lambda: future.done() or None, f"service {client.service_name}")
        return future.result()

    def expect_publisher(self, topic: Topic) -> None:
        """Wait until somebody publishes on ``topic``. Raises DeviceError for nobody, BorderError for another type."""
        full = self._node.resolve_topic_name(topic.name)
        found = self._publishers(full)
        if not found:
            raise DeviceError(f"topic {full}: nobody publishes on it. {RUNNING}")
        for one in found:
            if one.topic_type != topic.type:
                raise BorderError(f"topic {full}: node {one.node_name} publishes {one.topic_type}, not {topic.type}")

    def _publishers(self, full: str) -> list[TopicEndpointInfo]:
        """Who publishes on a topic, once there is somebody and the names of their nodes are known."""
        deadline_s = time.monotonic() + self.patience_s
        while True:
            found = self._node.get_publishers_info_by_topic(full)
            nameless = NAMELESS in [one.node_name for one in found]
            if (found and not nameless) or time.monotonic() > deadline_s:
                return found
            time.sleep(LOOK_S)

    def _wake(self, _: object) -> None:
        with self.arrived:
            self.arrived.notify_all()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            while self._open:
                try:
                    self._executor.spin_once()
                except BorderError as error:  # a message that is none: whoever waits for it says so
                    log.warning("%s", error)


def _lean_node(name: str, namespace: str, context: Context) -> Node:
    """A node with nothing in it but what is asked for: all that is in it is looked at with each message."""
    return Node(
        name, context=context, namespace=namespace or None, enable_rosout=False, start_parameter_services=False,
        parameter_overrides=[Parameter(TELLS_TYPES, value=False)],
    )  # fmt: skip
