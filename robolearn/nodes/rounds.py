"""An executor that works in rounds, and gathers what its nodes listen to once instead of before each message.

rclpy's SingleThreadedExecutor builds its wait set anew for every callback and wakes itself after each of them, which in
a node with thirty entities costs more than what the node does. Its EventsExecutor is cheaper, but takes everything in
the order of arrival: behind a flood of commands an emergency stop would wait. Here each entity has one turn a round,
however much else has come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import chain
from typing import Any, Literal, NamedTuple

from rclpy.client import Client
from rclpy.context import Context
from rclpy.event_handler import EventHandler
from rclpy.exceptions import InvalidHandle, TimerCancelledError
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.task import Future
from rclpy.timer import Timer

WaitSet = rclpy_implementation.WaitSet
Call = Callable[..., object]
Take = Callable[[], Call | None]  # returns what is to be called with what it has taken
NS = 1_000_000_000
FOREVER_NS = -1


class Rounds(Executor):
    """Runs plain callbacks, no coroutines, in the thread that spins; shut it down when nobody spins any more.

    The callback of a service may return a Future of its response, if it has to ask somebody else first."""

    def __init__(self, *, context: Context | None = None) -> None:
        """On the default context, or another."""
        super().__init__(context=context)
        self._waits_for: WaitsFor | None = None
        self._changed = GuardCondition(self._gather_anew, None, self._context)
        self._guard = self._changed  # which is triggered when something is added to a node, or removed

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait at most ``timeout_sec`` [s] until something comes in, and serve all that has.

        Raises ExternalShutdownException if the context has ended, and what a callback raises."""
        self._require_context()
        if self._waits_for is None:
            self._waits_for = WaitsFor(self.get_nodes(), self._changed, self._context)
        ready = self._waits_for.wait(FOREVER_NS if timeout_sec is None else round(timeout_sec * NS))
        self._require_context()
        for take in ready:
            call = None
            with suppress(InvalidHandle, TimerCancelledError):  # removed since, by another callback or thread
                call = take()
            if call is not None:
                call()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Let go of the nodes."""
        self._gather_anew()
        return super().shutdown(timeout_sec)

    def _require_context(self) -> None:
        if not self._context.ok():
            raise ExternalShutdownException

    def _gather_anew(self) -> None:
        if self._waits_for is not None:
            self._waits_for.close()
        self._waits_for = None


class WaitsFor:
    """All that some nodes listen to, in a wait set; none of it is destroyed before this is closed."""

    def __init__(self, nodes: Sequence[Node], changed: GuardCondition, context: Context) -> None:
        """``changed`` is waited for too. Raises ExternalShutdownException if the context has not begun."""
        if context.handle is None:
            raise ExternalShutdownException
        self._held = ExitStack()
        guards = self._hold([changed, *_each(node.guards for node in nodes)])
        timers = self._hold(_each(node.timers for node in nodes))
        subscriptions = self._hold(_each(node.subscriptions for node in nodes))
        services = self._hold(_each(node.services for node in nodes))
        clients = self._hold(_each(node.clients for node in nodes))
        self._events = list(self._hold_events(_each(node.waitables for node in nodes)))
        self._turns = (
            (GUARD, guards), (TIMER, timers), (SUBSCRIPTION, subscriptions), (SERVICE, services), (CLIENT, clients),
        )  # fmt: skip
        self._set = WaitSet(
            len(subscriptions), len(guards), len(timers), len(clients), len(services), len(self._events), context.handle
        )
        self._adds: list[Call] = [
            *(partial(kind.add, self._set, entity.handle) for kind, held in self._turns for entity in held.values()),
            *(partial(event.add_to_wait_set, self._set) for event in self._events),
        ]

    def wait(self, timeout_ns: int) -> list[Take]:
        """Wait, and return how to take what has come in, in the order of the turns."""
        self._set.clear_entities()
        for add in self._adds:
            add()
        self._set.wait(timeout_ns)
        ready: list[Take] = [
            partial(kind.take, entities[pointer])
            for kind, entities in self._turns
            for pointer in self._set.get_ready_entities(kind.name)
        ]
        return ready + [partial(_take_event, event) for event in self._events if event.is_ready(self._set)]

    def close(self) -> None:
        """Let go of all."""
        self._set.destroy_when_not_in_use()
        self._held.close()

    def _hold(self, entities: Iterable[Any]) -> dict[int, Any]:
        """By pointer, those that have not been destroyed yet."""
        held = {}
        for entity in entities:
            with suppress(InvalidHandle):
                self._held.enter_context(entity.handle)
                held[entity.handle.pointer] = entity
        return held

    def _hold_events(self, events: Iterable[Any]) -> Iterator[EventHandler]:
        for event in events:
            with suppress(InvalidHandle):
                self._held.enter_context(event)
                yield event


class Kind(NamedTuple):
    """What can be waited for: its name and its place in a wait set, and how one of it is taken."""

    name: Literal["guard_condition", "timer", "subscription", "service", "client"]
    add: Callable[[WaitSet, Any], int]
    take: Callable[[Any], Call | None]


def _take_guard(guard: GuardCondition) -> Call | None:
    return guard.callback


def _take_timer(timer: Timer) -> Call | None:
    with timer.handle:
        if not timer.handle.is_timer_ready():  # an earlier callback of this round has set it anew
            return None
        timer.handle.call_timer()
    return timer.callback


def _take_message(subscription: Subscription[Any]) -> Call | None:
    with subscription.handle:
        taken: Any = subscription.handle.take_message(subscription.msg_type, subscription.raw)
    if taken is None:
        return None
    alone = subscription._callback_type is Subscription.CallbackType.MessageOnly
    return partial(subscription.callback, *(taken[:1] if alone else taken))


def _take_request(service: Service[Any, Any]) -> Call | None:
    with service.handle:
        request, header = service.handle.service_take_request(service.srv_type.Request)
    return None if header is None else partial(_answer, service, request, header)


def _answer(service: Service[Any, Any], request: Any, header: Any) -> None:
    response = service.callback(request, service.srv_type.Response())
    if isinstance(response, Future):
        response.add_done_callback(lambda done: service.send_response(done.result(), header))
    else:
        service.send_response(response, header)


def _take_response(client: Client[Any, Any]) -> Call | None:
    with client.handle:
        header, response = client.handle.take_response(client.srv_type.Response)
    if header is None:
        return None
    with suppress(KeyError):  # whoever asked waits for it no more
        return partial(client.get_pending_request(header.request_id.sequence_number).set_result, response)
    return None


def _take_event(event: EventHandler) -> Call | None:
    data = event.take_data()
    return None if data is None else partial(event.callback, data)


def _each(groups: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return chain.from_iterable(groups)


GUARD = Kind("guard_condition", WaitSet.add_guard_condition, _take_guard)
TIMER = Kind("timer", WaitSet.add_timer, _take_timer)
SUBSCRIPTION = Kind("subscription", WaitSet.add_subscription, _take_message)
SERVICE = Kind("service", WaitSet.add_service, _take_request)
CLIENT = Kind("client", WaitSet.add_client, _take_response)
