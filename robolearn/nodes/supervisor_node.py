"""A person's hand on the cell: start, pause, stop, label and re-arm by service; what holds now is published."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.client import Client
from std_msgs.msg import String
from std_srvs.srv import Trigger

from robolearn.nodes import topics
from robolearn.nodes.base import TableNode, load_type, run
from robolearn.nodes.roll import Roll
from robolearn.nodes.supervision import MARKS, READY, RunState
from robolearn.nodes.topics import Service

NOT_RUNNING = "no episode runs: the cell is {}. Call supervisor/start first."
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
        response.success = self._state is RunState.RUNNING
        if response.success:
            self._marks.publish(String(data=mark))
        else:
            response.message = NOT_RUNNING.format(self._state.value)
        return response

    def _ready(self, request: Any, response: Any) -> Any:
        """Whoever has asked for it hears it, also a command that practises without an actor_node."""
        self._marks.publish(String(data=READY))
        response.success = True
        return response

    async def _rearm(self, request: Any, response: Any) -> Any:
        """A person is there: that acknowledges an emergency stop too."""
        for client in self._rearming:
            if not client.service_is_ready():
                response.message = f"service {client.service_name}: nobody offers it. Is the safety_node running?"
                return response
            answer: Any = await client.call_async(Trigger.Request())
            response.success, response.message = answer.success, answer.message
            if not answer.success:
                return response
        return response

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
