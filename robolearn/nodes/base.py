"""What every node is: its entry of the table come to life, a report each second, and a clean start and end."""

from __future__ import annotations

import importlib
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from robolearn.errors import ConfigError, DeviceError, RobolearnError
from robolearn.nodes import network, parameters, topics
from robolearn.nodes.health import HARDWARE, STARTED, STARTED_NS, Health, Stream
from robolearn.nodes.qos import PROFILES, recorded
from robolearn.nodes.roll import DONE, Roll
from robolearn.nodes.rounds import Rounds
from robolearn.nodes.stamps import Stamps
from robolearn.nodes.strangers import Strangers
from robolearn.nodes.table import NodeEntry, entry
from robolearn.nodes.topics import Qos, Service, Topic
from robolearn.processes import keep_for_good, schedule

STEADY = Clock(clock_type=ClockType.STEADY_TIME)
REPORT_S = 1.0
LOOK_S = 0.1  # between two looks for a signal to end, and two proofs of being awake
STALL_S = 0.6
FAREWELL_S = 2.0
OK, BAD_INPUT = 0, 2


def load_type(name: str) -> Any:
    """The class of a message or service by its name, such as ``std_msgs/msg/String``."""
    package, kind, cls = name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), cls)


class TableNode(Node):
    """A node as the table states it. What the table does not state can be neither published nor heard nor offered."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError for parameters that are unknown, missing, of another type or out of range."""
        self.entry: NodeEntry = entry(name)
        schedule(self.entry.urgency)  # before the middleware begins its threads, which inherit it
        super().__init__(name, automatically_declare_parameters_from_overrides=True)
        parameters.declare(self, self.entry)
        self.done = False  # true: its work is done, and its process ends
        self.simulated = bool(self.get_parameter("use_sim_time").value)
        self.stamps = Stamps(self.simulated)
        self.health = Health(self.get_fully_qualified_name())
        self.roll: Roll | None = None  # of whoever looks after the others
        self._awake_s = time.monotonic()
        self._strangers = Strangers(self)
        self._report_to = self.publisher(topics.DIAGNOSTICS)
        self.create_subscription(DiagnosticArray, topics.DIAGNOSTICS.name, self._hear_report, 50)
        self.every(LOOK_S, self._stay_awake)
        self.every(REPORT_S, self._report)

    def text(self, name: str) -> str:
        """Value of a text parameter."""
        return str(self.get_parameter(name).value)

    def number(self, name: str) -> float:
        """Value of a number parameter."""
        return float(self.get_parameter(name).value)

    def flag(self, name: str) -> bool:
        """Value of a parameter that is true or false."""
        return bool(self.get_parameter(name).value)

    def now_ns(self) -> int:
        """Time of this process [ns]: that of the twin with ``use_sim_time``, monotonic otherwise."""
        return int((self.get_clock() if self.simulated else STEADY).now().nanoseconds)

    def publisher(self, topic: Topic, name: str = "") -> Publisher[Any]:
        """Publish on a topic of the table; ``name`` fills its place for a camera or a commander."""
        _stated(self.entry.name, topic, self.entry.publishes)
        filled = topic.of(name)
        if topic.qos is Qos.STREAM:
            self._strangers.streamed.append(filled)
        events = PublisherEventCallbacks(
            incompatible_qos=lambda _: self.health.error(f"{filled.name}: a subscriber of other quality of service"),
            use_default_callbacks=False,
        )
        return self.create_publisher(load_type(filled.type), filled.name, PROFILES[filled.qos], event_callbacks=events)

    def listen(self, topic: Topic, heard: Callable[..., None], name: str = "", raw: bool = False) -> Subscription[Any]:
        """Call ``heard`` with each message of a topic of the table; lost ones and unfit publishers are reported.

        If ``heard`` takes two arguments, the second says where a message came from. ``raw`` is for recording: bytes as
        they came, and none left out for a newer one."""
        _stated(self.entry.name, topic, self.entry.subscribes)
        filled = topic.of(name)
        self._strangers.heard.append(filled)
        stream = self.health.streams.setdefault(filled.name, Stream())
        events = SubscriptionEventCallbacks(
            message_lost=lambda lost: stream.lost(lost.total_count_change),
            incompatible_qos=lambda _: self.health.error(f"{filled.name}: a publisher of other quality of service"),
            use_default_callbacks=False,
        )
        profile = recorded(filled.qos) if raw else PROFILES[filled.qos]
        return self.create_subscription(
            load_type(filled.type), filled.name, heard, profile, event_callbacks=events, raw=raw
        )

    def serve(self, service: Service, answer: Callable[[Any, Any], Any]) -> None:
        """Offer a service of the table: ``answer(request, response)`` returns the response."""
        _stated(self.entry.name, service, self.entry.services)
        self.create_service(load_type(service.type), service.name, answer)

    def every(self, period_s: float, call: Callable[[], None]) -> Timer:
        """Call at a fixed rate of true time, whatever the twin's time does."""
        return self.create_timer(period_s, call, clock=STEADY)

    def state(self) -> Mapping[str, object]:
        """What the report begins with; a node may say more of itself."""
        return {}

    def say_done(self) -> None:
        """The last report of a node whose work is done: nobody is to miss it, and none is lost with its publisher."""
        self.health.values[DONE] = True
        self._report()
        self._report_to.wait_for_all_acked(Duration(seconds=FAREWELL_S))

    def close(self) -> None:
        """Release what the node holds; called once, at the end."""

    def _report(self) -> None:
        for fault in self.roll.missing(time.monotonic()) if self.roll is not None else ():
            self.health.error(fault)
        stepped_s = self.stamps.stepped_s()
        if stepped_s:
            self.health.error(f"clock stepped: the wall clock was set by {stepped_s:.3f} s")
        for fault in self._strangers.look():
            self.health.error(fault)
        status = self.health.report(self.state())
        stamp = self.stamps.header(self.now_ns())
        message = DiagnosticArray(status=[status])
        message.header.stamp = stamp
        self._report_to.publish(message)

    def _stay_awake(self) -> None:
        """Say so if this process was stopped, or was busy for too long; the others were not heard meanwhile."""
        now_s = time.monotonic()
        still_s, self._awake_s = now_s - self._awake_s, now_s
        if still_s > STALL_S:
            self.health.error(f"this process has stood still for {still_s:.1f} s")
            if self.roll is not None:
                self.roll.excuse(still_s)

    def _hear_report(self, message: DiagnosticArray) -> None:
        """Hear the others; end if a node of this very name was here before. Raises DeviceError out of the executor."""
        for status in message.status:
            fault = self.roll.heard(status, time.monotonic()) if self.roll is not None else ""
            if fault:
                self.health.error(fault)
            if status.name == self.health.name and status.hardware_id != HARDWARE:
                started_ns = next((int(pair.value) for pair in status.values if pair.key == STARTED), STARTED_NS)
                fault = f"a node called {status.name} is there already, as {status.hardware_id}"
                if started_ns <= STARTED_NS:
                    raise DeviceError(f"{fault}; stop it, or give this cell a namespace of its own")
                self.health.error(fault)


def _stated(node: str, what: Topic | Service, where: tuple[Topic, ...] | tuple[Service, ...]) -> None:
    if what not in where:
        raise ConfigError(f"{node}: its entry in the table of nodes does not state {what.name}")


def run(make: Callable[[], TableNode]) -> int:
    """Main of a node: spin until it is told to end, or is done. Returns an exit status; errors are told on stderr."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: told.append(received))
    network.join(sys.argv)
    try:
        _spin(make(), told)
    except RobolearnError as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    finally:
        rclpy.try_shutdown()
    return OK


def _spin(node: TableNode, told: list[int]) -> None:
    executor = Rounds()
    executor.add_node(node)
    keep_for_good()
    try:
        while not (told or node.done):
            executor.spin_once(LOOK_S)
        if node.done:
            node.say_done()
    finally:
        try:
            node.close()
        finally:
            executor.shutdown()
            node.destroy_node()
