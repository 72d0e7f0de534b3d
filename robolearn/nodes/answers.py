"""What became of each command, told on the graph: by whoever drives the arm, and by the gate in front of it."""

from __future__ import annotations

from collections.abc import Sequence

from builtin_interfaces.msg import Time
from std_msgs.msg import Header, String
from trajectory_msgs.msg import JointTrajectory

from robolearn.contracts import Executed
from robolearn.errors import RobolearnError
from robolearn.nodes.base import TableNode
from robolearn.nodes.messages import Answer, from_answer, from_command
from robolearn.nodes.topics import ArmTopics


class Answers:
    """Publishes ``clips``, ``executed`` and ``fault`` of one answerer."""

    def __init__(self, node: TableNode, of: ArmTopics, joint_names: Sequence[str]) -> None:
        self._node, self._of, self._joint_names = node, of, joint_names
        self._clips = node.publisher(of.clips)
        self._executed = node.publisher(of.executed)
        self._fault = node.publisher(of.fault)
        self._told_fault: str | None = None

    def taken(self, executed: Executed, stamp: Time) -> None:
        """The command with this stamp was sent on as ``executed``."""
        self._clips.publish(from_answer(Answer(executed.clips, "", ""), self._of.clips.name, stamp))
        self._executed.publish(from_command(executed.command, self._joint_names, stamp))

    def refused(self, topic: str, stamp: Time, error: RobolearnError) -> None:
        """The command with this stamp, which came on ``topic``, was not sent on."""
        self._node.health.error(f"{topic}: {error}")
        refusal = Answer((), str(error), type(error).__name__)
        self._clips.publish(from_answer(refusal, self._of.clips.name, stamp))
        self._executed.publish(JointTrajectory(header=Header(stamp=stamp)))

    def tell_fault(self, fault: str | None) -> None:
        """Publish why commands are refused, if that has changed."""
        text = fault or ""
        if text != self._told_fault:
            self._told_fault = text
            self._fault.publish(String(data=text))
            if text:
                self._node.health.error(f"{self._of.fault.name}: {text}")
