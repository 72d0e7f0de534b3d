"""A person's hand on the cell: start, pause, stop, label and re-arm by service; what holds now is published."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.client import Client
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger

from robolearn.nodes import topics
from robolearn.nodes.base import STEADY, TableNode, load_type, run
from robolearn.nodes.link import ANSWER_S
from robolearn.nodes.roll import Roll
from robolearn.nodes.supervision import MARKS, READY, RunState
from robolearn.nodes.topics import Service

NOT_RUNNING = "no episode runs: the cell is {}. Call supervisor/start first."
NOBODY_LISTENS = "nobody listens to it. Is the actor_node or the scene_node running?"
DEAF = {"recorder_node"}  # hears all, and heeds nothing
REARM = (topics.ACKNOWLEDGE, topics.SAFETY.rearm)  # in this order


class SupervisorNode(TableNode):
    """Holds what the actor is to do. A fault of the safety gate does not change that: nothing moves until re-armed."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("supervisor_node")
        self.roll = Roll()
        self._state = RunState.IDLE
        self._fault = ""
        self._last_episode = ""
        self._states = self.publisher(topics.RUN_STATE)
        self._marks = self.publisher(topics.PERSON_SAYS)
        self._rearming = [self._client(service) for service in REARM]
        answers: dict[str, Callable[[Any, Any], Any]] = {
            "start": partial(self._change, RunState.RUNNING),
            "pause": partial(self._change, RunState.PAUSED),
            "stop": partial(self._change, RunState.STOPPED),
            **{f"mark_{mark}": partial(self._mark, mark) for mark in MARKS},
            "ready": self._ready,
            "rearm": self._rearm,
        }
        for service in topics.SUPERVISOR:
            self.serve(service, answers[service.name.rpartition("/")[2]])
        self.listen(topics.SAFETY.fault, self._hear_fault)
        self.listen(topics.EPISODE, self._hear_episode)

    def state(self) -> Mapping[str, object]:
        """What the actor is to do, and what stands against it."""
        return {"state": self._state.value, "fault": self._fault, "last_episode": self._last_episode}

    def _client(self, service: Service) -> Client[Any, Any]:
        return self.create_client(load_type(service.type), service.name)

    def _change(self, state: RunState, request: Any, response: Any) -> Any:
        self._say(state)
        response.success, response.message = True, self._fault
        return response

    def _say(self, state: RunState) -> None:
        self._state = state
        self._states.publish(String(data=state.value))

    def _mark(self, mark: str, request: Any, response: Any) -> Any:
        if self._state is RunState.RUNNING:
            return self._pass_on(mark, response)
        response.success, response.message = False, NOT_RUNNING.format(self._state.value)
        return response

    def _ready(self, request: Any, response: Any) -> Any:
        """Whoever has asked for it hears it, also a command that practises without an actor_node."""
        return self._pass_on(READY, response)

    def _pass_on(self, word: str, response: Any) -> Any:
        """Tell whoever listens; a person who is told "success" is to be sure that somebody does."""
        listeners = {info.node_name for info in self.get_subscriptions_info_by_topic(self._marks.topic_name)}
        response.success = bool(listeners - DEAF)
        response.message = "" if response.success else NOBODY_LISTENS
        self._marks.publish(String(data=word))
        return response

    def _rearm(self, request: Any, response: Any) -> Future[Any]:
        """A person is there: that acknowledges an emergency stop too."""
        answered: Future[Any] = Future()
        self._tell_gate(self._rearming, response, answered)
        return answered

    def _tell_gate(self, clients: Sequence[Client[Any, Any]], response: Any, answered: Future[Any]) -> None:
        """Call one service after the other, as long as they succeed, and then answer."""
        if not clients:
            answered.set_result(response)
            return
        client = clients[0]

        def heard(future: Future[Any]) -> None:
            answer: Any = future.result()
            self.destroy_timer(timer)
            if not answered.done():
                response.success, response.message = answer.success, answer.message
                self._tell_gate(clients[1:] if answer.success else (), response, answered)

        def gave_up() -> None:
            self.destroy_timer(timer)
            response.success = False
            response.message = f"service {client.service_name}: no answer. Is the safety_node running?"
            answered.set_result(response)

        timer = self.create_timer(ANSWER_S, gave_up, clock=STEADY)
        client.call_async(Trigger.Request()).add_done_callback(heard)

    def _hear_fault(self, message: String) -> None:
        self._fault = message.data

    def _hear_episode(self, message: DiagnosticArray) -> None:
        """An actor that practises was started before this process was."""
        (status,) = message.status
        self._last_episode = status.message
        if self._state is RunState.IDLE:
            self._say(RunState.RUNNING)


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(SupervisorNode)


if __name__ == "__main__":
    sys.exit(main())
