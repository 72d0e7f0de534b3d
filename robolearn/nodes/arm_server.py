"""Answers for an arm on the graph: streams its readings, takes commands, and says what became of each."""

from __future__ import annotations

from typing import Any

from trajectory_msgs.msg import JointTrajectory

from robolearn.contracts import Arm, ArmCommand, CommandMode, Executed
from robolearn.errors import BorderError, DeviceError, RobolearnError
from robolearn.nodes import topics
from robolearn.nodes.answers import Answers
from robolearn.nodes.arm_spec import TimeKind, from_spec
from robolearn.nodes.device import DeviceNode
from robolearn.nodes.health import Stream
from robolearn.nodes.messages import check_frame, from_state, to_command

STOPPED_BY_SERVICE = "stopped by service"


class ArmServer:
    """Stands between one :class:`Arm` and the topics ``arm/*``. Commands are taken while the node is active."""

    def __init__(self, node: DeviceNode, arm: Arm, time: TimeKind) -> None:
        self._node, self._arm, self._time = node, arm, time
        self._joints = node.publisher(topics.JOINT_STATES)
        self._pose = node.publisher(topics.EE_POSE)
        self._wrench = node.publisher(topics.WRENCH)
        self._answers = Answers(node, topics.ARM, arm.spec.joint_names)
        self._last_command_ns: int | None = None
        self._stopped_for: dict[str, None] = {}  # in the order in which it was said
        self._stream = node.health.streams.setdefault(topics.JOINT_STATES.name, Stream(arm.spec.control_hz))
        node.listen(topics.ARM.command, self._command)
        node.listen(topics.ARM.stop_request, lambda message: self._stop(message.data))
        node.serve(topics.ARM_SPEC, self._spec)
        node.serve(topics.ARM.stop, self._stop_by_service)
        node.serve(topics.ARM.rearm, self._rearm)
        self._tell_fault()

    def publish(self, now_ns: int) -> None:
        """Read the arm and publish the reading. Raises BorderError and DeviceError."""
        state = self._arm.read()
        messages = from_state(state, self._arm.spec, self._node.stamps)
        self._pose.publish(messages.pose)
        if messages.wrench is not None:
            self._wrench.publish(messages.wrench)
        self._joints.publish(messages.joints)
        self._stream.note(state.stamp_ns, now_ns)
        self._tell_fault()

    def hold_if_silent(self, now_ns: int, watchdog_ns: int) -> None:
        """Hold still where the arm is, once, if the stream of commands has ended. Raises BorderError, DeviceError."""
        if self._last_command_ns is None or now_ns - self._last_command_ns <= watchdog_ns:
            return
        self._node.health.error(f"{topics.ARM.command.name}: silent for {watchdog_ns / 1e9:g} s, the arm holds still")
        self.hold()
        self._last_command_ns = None  # only now: what was tried in vain is tried again

    def hold(self) -> None:
        """Hold still where the arm is, with all its parts. Raises BorderError and DeviceError."""
        if self._arm.fault is not None:
            self._arm.stop(self._arm.fault)
            return
        here_rad = self._arm.read().joint_position_rad
        self._arm.command(ArmCommand(self._node.now_ns(), CommandMode.JOINT_POSITION, here_rad, None))

    def _command(self, message: JointTrajectory) -> None:
        stamp = message.header.stamp
        try:
            executed = self._take(message)
        except (BorderError, DeviceError) as error:
            self._tell_fault()
            self._answers.refused(topics.ARM.command.name, stamp, error)
            return
        self._answers.taken(executed, stamp)

    def _take(self, message: JointTrajectory) -> Executed:
        spec, stamp_ns = self._arm.spec, self._node.stamps.internal(message.header.stamp)
        if not self._node.active:
            raise DeviceError(f"{self._node.health.name} is {self._node.state_label}: activate it first")
        if message.header.frame_id:
            check_frame(topics.ARM.command.name, message.header.frame_id, spec.base_frame)
        executed = self._arm.command(to_command(message, topics.ARM.command.name, spec.joint_names, stamp_ns))
        now_ns = self._node.now_ns()
        self._last_command_ns = now_ns
        self._node.health.streams[topics.ARM.command.name].note(stamp_ns, now_ns)
        return executed

    def _stop(self, reason: str) -> None:
        self._stopped_for[reason] = None
        self._arm.stop(reason)
        self._tell_fault()

    def _stop_by_service(self, request: Any, response: Any) -> Any:
        self._stop(STOPPED_BY_SERVICE)
        response.success, response.message = True, STOPPED_BY_SERVICE
        return response

    def _rearm(self, request: Any, response: Any) -> Any:
        try:
            self._arm.rearm()
            response.success = self._arm.fault is None
            response.message = self._arm.fault or ""
        except RobolearnError as error:
            response.success, response.message = False, str(error)
        self._tell_fault()
        return response

    def _tell_fault(self) -> None:
        """Why the arm is stopped, with every reason that was given: devices keep the first one alone."""
        fault = self._arm.fault
        if fault is None:
            self._stopped_for.clear()
        others = [reason for reason in self._stopped_for if reason not in (fault or "")]
        self._answers.tell_fault(None if fault is None else "; ".join([fault, *others]))

    def _spec(self, request: Any, response: Any) -> Any:
        response.values = from_spec(self._arm.spec, self._time, request.names)
        return response
