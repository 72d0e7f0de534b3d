"""An arm over the graph: behind the safety gate of its own process, or, for that gate, the arm itself."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from robolearn.contracts import ArmCommand, ArmSpec, ArmState, Executed
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.listener import Listener
from robolearn.nodes.messages import Answer, StateMessages, from_command, to_answer, to_command, to_state
from robolearn.nodes.topics import ArmTopics, Topic

REFUSALS = {"BorderError": BorderError, "DeviceError": DeviceError}


class RosArm(Listener):
    """Implements ``Arm``. ``through`` says who answers: the safety gate, or the arm itself."""

    def __init__(self, link: Link, clock: RosClock, spec: ArmSpec, through: ArmTopics) -> None:
        super().__init__(link, clock, f"arm {spec.name}")
        self._spec, self._through = spec, through
        self._parts: dict[Topic, Any] = {}  # of readings, the newest message each
        self._newest: StateMessages | None = None
        self._newest_ns = 0
        self._awaited: Time | None = None
        self._answer: Answer | None = None
        self._executed: JointTrajectory | None = None
        self._fault: str | None = None
        self._told_fault: str | None = None  # by the node, if it has; ``_fault`` is set before it answers
        self._command = link.publisher(through.command)
        self._stop = link.publisher(through.stop_request)
        self._listening = ExitStack()
        self._listening.enter_context(link.listening(through.fault, self._hear_fault))

    @property
    def spec(self) -> ArmSpec:
        """As the node of the arm states it."""
        return self._spec

    @property
    def fault(self) -> str | None:
        """As the node says; it stays while the node is silent."""
        return self._fault

    @property
    def newest_ns(self) -> int:
        """Stamp of the newest reading that is whole [ns], 0 before the first."""
        return self._newest_ns

    def read(self) -> ArmState:
        """Newest reading that is whole; in lock-step that of this very time. Raises BorderError, DeviceError."""
        self._require_connected()
        if self._clock.lock_step:
            now_ns = self._clock.now_ns()
            self._link.wait(lambda: self._newest_ns >= now_ns or None, f"topic {topics.JOINT_STATES.name} of this time")
        state = self._state()
        self._clock.wait_for(state.stamp_ns)
        return state

    def command(self, command: ArmCommand) -> Executed:
        """Send one command, and wait for what becomes of it. Raises BorderError, DeviceError."""
        self._require_connected()
        stamp = self._link.stamps.header(command.stamp_ns)
        message = from_command(command, self._spec.joint_names, stamp)
        with self._link.arrived:
            self._awaited, self._answer, self._executed = stamp, None, None
        self._command.publish(message)
        answer, executed = self._link.wait(self._answered, f"topic {self._through.executed.name}")
        if answer.refusal:
            raise REFUSALS.get(answer.refused_as, DeviceError)(answer.refusal)
        done = to_command(executed, self._through.executed.name, self._spec.joint_names, command.stamp_ns)
        return Executed(done, answer.clips)

    def stop(self, reason: str) -> None:
        """Have it hold still. Raises DeviceError if nobody confirms that."""
        self._fault = self._fault or reason
        self._stop.publish(String(data=reason))
        self._link.wait(lambda: reason in (self._told_fault or "") or None, f"topic {self._through.fault.name}")

    def rearm(self) -> None:
        """By service. Raises DeviceError if the fault persists."""
        self._require_connected()
        try:  # no longer than for any other answer: a gate that waits here hears no stop
            response = self._link.call(self._through.rearm, Trigger.Request())
        except DeviceError as error:
            raise DeviceError(
                f"{error}. An arm that releases its brakes takes seconds: re-arm it again then"
            ) from error
        if not response.success:
            raise DeviceError(response.message)
        self._link.wait(lambda: self._told_fault == "" or None, f"topic {self._through.fault.name}")
        with self._link.arrived:
            self._fault = self._told_fault or None  # there may be a new one already

    def release(self) -> None:
        """Leave the graph; it is of no use afterwards."""
        self.close()
        self._listening.close()
        for publisher in (self._command, self._stop):
            self._link.forget(publisher)

    def _listen(self, stack: ExitStack) -> None:
        link, through = self._link, self._through
        parts = [topics.JOINT_STATES, topics.EE_POSE, *([topics.WRENCH] if self._spec.has_wrench else [])]
        self._parts = dict.fromkeys(parts)
        stack.enter_context(link.listening(through.clips, self._hear_clips))
        stack.enter_context(link.listening(through.executed, self._hear_executed))
        for part in parts:  # after the answers: when the first reading comes in, the way back is known too
            stack.enter_context(link.listening(part, partial(self._hear_part, part)))
        for topic in (*parts, through.clips, through.executed):
            link.expect_publisher(topic)
        link.wait(lambda: self._newest, f"topic {topics.JOINT_STATES.name}", self._clock.ask_again)
        link.wait(lambda: self._told_fault is not None or None, f"topic {through.fault.name}")
        self._state()

    def _forget(self) -> None:
        self._newest = None

    def _hear_part(self, part: Topic, message: Any) -> None:
        """Keep a part of a reading; the reading is whole when all have the same stamp."""
        self._parts[part] = message
        messages = list(self._parts.values())
        if all(one is not None and one.header.stamp == message.header.stamp for one in messages):
            joints, pose, *wrench = messages
            self._newest = StateMessages(joints, pose, wrench[0] if wrench else None)
            self._newest_ns = self._link.stamps.internal(message.header.stamp)

    def _hear_clips(self, message: DiagnosticArray) -> None:
        if message.header.stamp == self._awaited:
            self._answer = to_answer(message)

    def _hear_executed(self, message: JointTrajectory) -> None:
        if message.header.stamp == self._awaited:
            self._executed = message

    def _hear_fault(self, message: String) -> None:
        self._told_fault = message.data
        self._fault = message.data or None

    def _answered(self) -> tuple[Answer, JointTrajectory] | None:
        return None if self._answer is None or self._executed is None else (self._answer, self._executed)

    def _state(self) -> ArmState:
        with self._link.arrived:
            newest, stamp_ns = self._newest, self._newest_ns
        if newest is None:
            raise DeviceError(f"topic {topics.JOINT_STATES.name}: nothing has come yet")
        return to_state(newest, self._spec, stamp_ns)
