"""Practice as a node: the actor of a station over the graph, which starts and ends when the supervisor says so.

What it needs to remember is in the store, as without ROS. A cell that does not answer is named, and tried again.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_msgs.msg import Header, String

from robolearn.actions import ACTION_NAMES
from robolearn.autonomy.actor import Practised
from robolearn.autonomy.cell import Cell
from robolearn.backends import backend_of
from robolearn.cli.practice import Around, practise
from robolearn.contracts import Ending, Teleop
from robolearn.errors import BorderError, DeviceError, StoreError, unknown
from robolearn.learning.metrics import MetricsLog
from robolearn.nodes import network, topics
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.messages import from_values
from robolearn.nodes.supervision import MARKS, READY, Halted, Pauses, RunState, Supervised, Supervision
from robolearn.nodes.worker import Worker, job_of_node
from robolearn.nodes.world import RosWorld

RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
WAITING = {RunState.IDLE, RunState.PAUSED}


class ActorNode(TableNode):
    """Practises while the supervisor says "running"."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("actor_node")
        os.environ[network.NAMESPACE] = self.get_namespace()
        self._job = job_of_node(self, backend="ros")
        self._supervision = Supervision()
        self._ending = threading.Event()
        self._pauses = Pauses(RETRY_S, LONGEST_RETRY_S)
        self._practised = Practised()
        self._episodes = self.publisher(topics.EPISODE)
        self.listen(topics.RUN_STATE, self._hear_state)
        self.listen(topics.PERSON_SAYS, self._hear_mark)
        self._worker = Worker(self, self._work)

    def state(self) -> Mapping[str, object]:
        """How far practice is."""
        done = self._practised
        return {"state": self._supervision.state.value, "episodes": done.episodes, "robot_steps": done.steps}

    def close(self) -> None:
        """End the episode that runs. Raises what practice has ended with, if that was an error."""
        self._ending.set()
        self._supervision.say(RunState.STOPPED)
        self._worker.join()

    def _hear_state(self, message: String) -> None:
        states = {state.value: state for state in RunState}
        if message.data in states:
            self._supervision.say(states[message.data])
        else:
            self.health.error(f"{topics.RUN_STATE.name}: {unknown('state', message.data, states)}")

    def _hear_mark(self, message: String) -> None:
        if message.data in MARKS:
            self._supervision.mark(MARKS[message.data])
        elif message.data != READY:
            self.health.error(f"{topics.PERSON_SAYS.name}: {unknown('mark', message.data, [*MARKS, READY])}")

    def _work(self) -> None:
        """Practise whenever the supervisor says so, until practice has reached its end, or is stopped."""
        while self._supervision.wait_while(WAITING) is RunState.RUNNING:
            around = Around(self._person, nullcontext(self._watch), self._note, self._metrics(), self._say)
            try:
                practise(self._job, self._job.config.practice, around)
                return
            except Halted:
                self.get_logger().info("practice has come to a halt, as the supervisor says")
            except (BorderError, DeviceError, StoreError) as fault:
                self._say(str(fault))
                self._supervision.wait_while({RunState.RUNNING}, self._pauses.after_failure(str(fault)))

    def _person(self, cell: Cell) -> Teleop:
        world, station = cell.station.world, cell.station.config
        if isinstance(world, RosWorld):
            world.while_asked = self._supervision.require_running
        person = backend_of(station).person(world, station) if self.flag("teleop") else None
        return Supervised(self._supervision, person, ACTION_NAMES, world.clock)

    def _metrics(self) -> PublishedMetrics:
        return PublishedMetrics(self._job.run.metrics, self._tell)

    def _watch(self) -> None:
        """While the actor waits for its learner, too. Raises Halted at the end of the process."""
        if self._ending.is_set():
            raise Halted

    def _note(self, practised: Practised) -> None:
        """Between two episodes. Raises Halted, before the cell is reset, if no further one is to start."""
        self._practised = practised
        self._supervision.require_running()

    def _say(self, text: str) -> None:
        self.health.error(text)
        self.get_logger().warning(text)

    def _tell(self, line: Mapping[str, Any]) -> None:
        level = DiagnosticStatus.WARN
        if line["ending"] != Ending.FAULT.value:
            self._pauses.went_well()
            level = DiagnosticStatus.OK
        status = from_values(self.health.name, level, line["ending"], line, self.health.name)
        header = Header(stamp=self.stamps.header(self.now_ns()))
        self._episodes.publish(DiagnosticArray(header=header, status=[status]))


class PublishedMetrics(MetricsLog):
    """Lines that others on the graph hear too."""

    def __init__(self, path: Path, tell: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__(path)
        self._tell = tell

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append one line, and tell it. Raises OSError, and ValueError for NaN or infinity."""
        super().write(kind, values)
        self._tell(values)


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(ActorNode)


if __name__ == "__main__":
    sys.exit(main())
