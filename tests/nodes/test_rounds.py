"""The executor of nodes and clients: all that a node listens to is served, each thing in its turn, nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from std_msgs.msg import Int32
from std_srvs.srv import Trigger

from robolearn.nodes import network, rounds
from robolearn.nodes.rounds import Rounds
from tests.nodes.processes import eventually, own_network

DEPTH = 50


@pytest.fixture
def context() -> Iterator[Context]:
    """A place on a network of its own."""
    with own_network():
        context = Context()
        network.join(context=context)
        yield context
        context.try_shutdown()


@pytest.fixture
def node(context: Context) -> Iterator[Node]:
    """Listens, speaks and serves."""
    node = Node("both", context=context, enable_rosout=False)
    yield node
    node.destroy_node()


@pytest.fixture
def executor(context: Context, node: Node) -> Iterator[Rounds]:
    """Spun by the test."""
    executor = Rounds(context=context)
    executor.add_node(node)
    yield executor
    executor.shutdown()


def spoken_to(node: Node, topic: str, heard: Callable[..., None], **options: Any) -> Publisher[Int32]:
    """A publisher on a topic that ``heard`` hears."""
    node.create_subscription(Int32, topic, heard, DEPTH, **options)
    publisher = node.create_publisher(Int32, topic, DEPTH)
    eventually(lambda: publisher.get_subscription_count() or None, "the subscription")
    return publisher


def spun(executor: Rounds, look: Callable[[], bool]) -> None:
    """Spin until ``look`` is true."""

    def once() -> bool:
        executor.spin_once(0.05)
        return look()

    eventually(once, "what the executor should serve")


def test_messages_come_in_order_and_each_once(executor: Rounds, node: Node) -> None:
    heard: list[int] = []
    publisher = spoken_to(node, "numbers", lambda message: heard.append(message.data))
    for number in range(20):
        publisher.publish(Int32(data=number))
    spun(executor, lambda: len(heard) == 20)
    executor.spin_once(0.05)
    assert heard == list(range(20))


def test_where_a_message_came_from_is_told_to_who_asks(executor: Rounds, node: Node) -> None:
    heard: list[Mapping[str, Any]] = []
    publisher = spoken_to(node, "numbers", lambda message, info: heard.append(info))
    publisher.publish(Int32())
    spun(executor, lambda: bool(heard))
    assert heard[0]["publisher_gid"]["data"]


def test_a_raw_message_is_its_bytes(executor: Rounds, node: Node) -> None:
    heard: list[bytes] = []
    publisher = spoken_to(node, "numbers", heard.append, raw=True)
    publisher.publish(Int32(data=7))
    spun(executor, lambda: bool(heard))
    assert deserialize_message(heard[0], Int32).data == 7


def test_timers_run_at_their_rate_and_a_cancelled_one_no_more(executor: Rounds, node: Node) -> None:
    called: list[float] = []
    timer = node.create_timer(
        0.02, lambda: called.append(time.monotonic()), clock=Clock(clock_type=ClockType.STEADY_TIME)
    )
    spun(executor, lambda: len(called) == 5)
    assert called[-1] - called[0] >= 0.06
    timer.cancel()
    executor.spin_once(0.1)
    assert len(called) == 5


def test_a_guard_wakes_it_from_another_thread(executor: Rounds, node: Node) -> None:
    called = threading.Event()
    guard = node.create_guard_condition(called.set)
    threading.Timer(0.05, guard.trigger).start()
    begun_s = time.monotonic()
    spun(executor, called.is_set)
    assert time.monotonic() - begun_s < 5.0


def test_a_request_is_answered_and_the_answer_comes(executor: Rounds, node: Node) -> None:
    def answer(_: Any, response: Any) -> Any:
        response.message = "here"
        return response

    node.create_service(Trigger, "call", answer)
    client = node.create_client(Trigger, "call")
    assert client.wait_for_service(5.0)
    told: list[str] = []
    future = client.call_async(Trigger.Request())
    future.add_done_callback(lambda done: told.append(done.result().message))
    spun(executor, future.done)
    assert told == ["here"]


def test_an_unfit_publisher_is_told(executor: Rounds, node: Node) -> None:
    told: list[Any] = []
    node.create_subscription(
        Int32, "numbers", lambda _: None, QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=told.append, use_default_callbacks=False),
    )  # fmt: skip
    node.create_publisher(Int32, "numbers", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    spun(executor, lambda: bool(told))
    assert told[0].total_count == 1


def test_a_flood_on_one_topic_does_not_hold_up_another(executor: Rounds, node: Node) -> None:
    heard: list[str] = []
    flood = spoken_to(node, "flood", lambda _: heard.append("flood"))
    stop = spoken_to(node, "stop", lambda _: heard.append("stop"))
    for _ in range(DEPTH):
        flood.publish(Int32())
    stop.publish(Int32())
    spun(executor, lambda: "stop" in heard)
    assert heard.count("flood") <= 2


def test_what_is_added_while_it_waits_is_heard(executor: Rounds, node: Node) -> None:
    heard: list[int] = []
    ended = threading.Event()

    def spin() -> None:
        while not ended.is_set():
            executor.spin_once()

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        publisher = spoken_to(node, "numbers", lambda message: heard.append(message.data))
        publisher.publish(Int32(data=1))
        eventually(lambda: heard or None, "the message")
    finally:
        ended.set()
        executor.wake()
        thread.join()
    assert heard == [1]


def test_what_has_been_removed_is_not_called(executor: Rounds, node: Node) -> None:
    heard: list[str] = []

    def remove_the_other(_: Int32) -> None:
        heard.append("first")
        node.destroy_subscription(second)

    first_to = spoken_to(node, "first", remove_the_other)
    second = node.create_subscription(Int32, "second", lambda _: heard.append("second"), DEPTH)
    second_to = node.create_publisher(Int32, "second", DEPTH)
    eventually(lambda: second_to.get_subscription_count() or None, "the subscription")
    first_to.publish(Int32())
    second_to.publish(Int32())
    time.sleep(0.2)  # both are there: they come in one round
    for _ in range(5):
        executor.spin_once(0.05)
    assert heard == ["first"]


def test_an_error_comes_out_and_loses_nothing_else(executor: Rounds, node: Node) -> None:
    heard: list[str] = []

    def fail(_: Int32) -> None:
        raise ValueError("on purpose")

    bad, good = spoken_to(node, "bad", fail), spoken_to(node, "good", lambda _: heard.append("good"))
    bad.publish(Int32())
    good.publish(Int32())
    time.sleep(0.2)
    with pytest.raises(ValueError, match="on purpose"):
        for _ in range(5):
            executor.spin_once(0.05)
    spun(executor, lambda: heard == ["good"])


def test_it_gathers_what_it_waits_for_once(executor: Rounds, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    gathered: list[object] = []

    class Counted(rounds.WaitsFor):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            gathered.append(self)

    heard: list[int] = []
    publisher = spoken_to(node, "numbers", lambda message: heard.append(message.data))
    executor.spin_once(0.05)  # with the news of what was added
    monkeypatch.setattr(rounds, "WaitsFor", Counted)
    for number in range(20):
        publisher.publish(Int32(data=number))
    spun(executor, lambda: len(heard) == 20)
    assert len(gathered) <= 1


def test_an_ended_context_is_told(executor: Rounds, context: Context) -> None:
    executor.spin_once(0.01)
    context.try_shutdown()
    with pytest.raises(ExternalShutdownException):
        executor.spin_once(1.0)
