"""The safety gate as a process of its own, between whoever commands and the arm.

It wraps the same gate as a station in one process; its arm is the arm's node. What it lets through, shortens or refuses
is told with the stamp of each command. It starts stopped, and after a fault it stops again: nothing moves until
``safety/rearm``, and after an emergency stop not until a person has called ``safety/acknowledge`` before that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, NamedTuple

from std_msgs.msg import Bool, String
from trajectory_msgs.msg import JointTrajectory

from robolearn.backends import load_station
from robolearn.contracts import Executed
from robolearn.descriptions import description
from robolearn.errors import BorderError, ConfigError, DeviceError, RobolearnError
from robolearn.kinematics import Kinematics
from robolearn.nodes import topics
from robolearn.nodes.answers import Answers
from robolearn.nodes.arm_client import RosArm
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.buttons import SILENT_S as BUTTON_SILENT_S
from robolearn.nodes.buttons import Buttons
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.commanders import Commander, Commanders
from robolearn.nodes.link import Link
from robolearn.nodes.messages import check_frame, to_command
from robolearn.nodes.roll import Roll
from robolearn.nodes.stamps import NS
from robolearn.nodes.world import RosWorld
from robolearn.safety import Gate

ARM_CLIENT = "safety_arm"
RETRY_S = 0.5
SILENT_S = 1.0
CATCH_UP_S = 0.5
EMERGENCY = "emergency stop"
ACKNOWLEDGE_FIRST = f"{EMERGENCY}: when it is safe, a person calls {topics.ACKNOWLEDGE.name} first"
STILL_PRESSED = f"{EMERGENCY} is still pressed: {topics.ESTOP.name} must say false first"


class Gated(NamedTuple):
    """The arm's node, and the gate in front of it."""

    arm: RosArm
    clock: RosClock
    gate: Gate


class SafetyNode(TableNode):
    """Gates commands while the arm's node is there, and looks for it while it is not."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("safety_node")
        self.roll = Roll()
        self._station = load_station(self.text("station"))
        self._kinematics = Kinematics(description(self._station.description), self._station.joint_names)
        sources = self.text("sources").split()
        self._commanders = Commanders(sources, self._station.limits.watchdog_s)
        self._answers = Answers(self, topics.SAFETY, self._station.joint_names)
        self._link = Link(ARM_CLIENT, self.get_namespace(), self.number("answer_s"))
        self._gated: Gated | None = None
        self._buttons = Buttons()
        self._emergency = False
        self._counts = {"passed": 0, "clipped": 0, "refused": 0}
        self._arm_heard_s = time.monotonic()
        self.listen(topics.JOINT_STATES, self._hear_arm)
        self.listen(topics.SAFETY.stop_request, self._hear_stop)
        self.listen(topics.ESTOP, self._hear_estop)
        self.serve(topics.SAFETY.stop, self._stop_by_service)
        self.serve(topics.SAFETY.rearm, self._rearm)
        self.serve(topics.ACKNOWLEDGE, self._acknowledge)
        for source in sources:
            self.listen(topics.SAFETY.command, partial(self._hear_command, source), source)
        self.every(RETRY_S, self._look_for_arm)
        self.every(1.0 / self._station.control_hz, self._watch)
        self._answers.tell_fault(self._fault)

    def state(self) -> Mapping[str, object]:
        """Who commands, what became of commands, and why they are refused."""
        silent_s = time.monotonic() - self._arm_heard_s
        if self._gated is not None and not self._gated.clock.lock_step and silent_s > SILENT_S:
            self.health.error(f"{topics.JOINT_STATES.name}: the arm has been silent for {silent_s:.1f} s")
        return {"commander": self._commanders.present, "fault": self._fault or "", **self._counts}

    def close(self) -> None:
        """Leave the arm: without commands it holds still by itself."""
        self._link.close()

    @property
    def _fault(self) -> str | None:
        if self._gated is None:
            return EMERGENCY if self._emergency else topics.NO_ARM
        return self._gated.gate.fault

    def _look_for_arm(self) -> None:
        """Connect to the arm's node, once. Raises ConfigError if the station's limits do not fit it."""
        if self._gated is not None:
            return
        try:
            self._gated = self._connected()
            self._start_stopped(self._gated.gate)
        except (BorderError, DeviceError) as error:
            self.health.error(str(error))
        self._answers.tell_fault(self._fault)

    def _connected(self) -> Gated:
        with ExitStack() as undo:
            world = RosWorld(self._link, (), topics.ARM)
            undo.callback(world.release)
            arm = world.arm
            if arm.spec.joint_names != self._station.joint_names:
                raise ConfigError(
                    f"station {self._station.name}: joint_names are {self._station.joint_names}, "
                    f"those of the arm {arm.spec.name} are {arm.spec.joint_names}"
                )
            gate = Gate(arm, self._station.limits, self._kinematics, world.clock)
            gate.connect()
            undo.pop_all()
        return Gated(arm, world.clock, gate)

    def _start_stopped(self, gate: Gate) -> None:
        """A gate that has died may have left an emergency stop behind: the arm still says so."""
        self._emergency = self._emergency or EMERGENCY in (gate.fault or "")
        if self._emergency or gate.fault is None:
            gate.stop(EMERGENCY if self._emergency else topics.NOT_ARMED)

    def _watch(self) -> None:
        """Hold still when commands have gone silent, and look at what the arm feels and what people want."""
        if self._buttons.fell_silent(time.monotonic()):
            self.health.error(f"{topics.ESTOP.name}: a button has been silent for {BUTTON_SILENT_S:g} s")
            self._stop_in_emergency()
        if self._gated is None:
            return
        if self._emergency and EMERGENCY not in (self._gated.arm.fault or ""):
            self._stop(EMERGENCY)  # the arm remembers it for a gate that was killed; a reset may clear that
        source = self._commanders.fell_silent(self._gated.clock.now_ns())
        if source:
            topic = topics.SAFETY.command.of(source).name
            self.health.error(f"{topic}: silent for {self._station.limits.watchdog_s:g} s, the arm is held still")
        try:
            self._gated.gate.read()
        except (BorderError, DeviceError) as error:
            self.health.error(str(error))
        self._answers.tell_fault(self._fault)

    def _hear_arm(self, _: object) -> None:
        self._arm_heard_s = time.monotonic()

    def _hear_command(self, source: str, message: JointTrajectory, info: Mapping[str, Any]) -> None:
        stamp, topic = message.header.stamp, topics.SAFETY.command.of(source).name
        try:
            executed = self._passed(Commander(source, bytes(info["publisher_gid"]["data"])), message, topic)
        except (BorderError, DeviceError) as error:
            self._counts["refused"] += 1
            self._answers.tell_fault(self._fault)
            self._answers.refused(topic, stamp, error)
            return
        self._counts["clipped" if executed.clips else "passed"] += 1
        self._answers.taken(executed, stamp)

    def _passed(self, who: Commander, message: JointTrajectory, topic: str) -> Executed:
        """What the gate has sent on. Raises BorderError and DeviceError: nothing was."""
        if self._gated is None or self._emergency:
            raise DeviceError(f"{self.health.name}: {self._fault}")
        _, clock, gate = self._gated
        stamp_ns = self._link.stamps.internal(message.header.stamp)
        self._catch_up(clock, stamp_ns)
        now_ns = clock.now_ns()
        if message.header.frame_id:
            check_frame(topic, message.header.frame_id, gate.spec.base_frame)
        command = to_command(message, topic, gate.spec.joint_names, stamp_ns)
        executed = gate.command(command, new_commander=self._commanders.check(who, now_ns))
        self._commanders.passed(who, now_ns)
        self.health.streams[topic].note(stamp_ns, now_ns)
        return executed

    def _catch_up(self, clock: RosClock, stamp_ns: int) -> None:
        """A twin's time may reach a commander a little before it comes in here."""
        ahead_ns = stamp_ns - clock.now_ns()
        if clock.kind is not TimeKind.MONOTONIC and 0 < ahead_ns <= round(NS * self._station.limits.command_max_age_s):
            with suppress(DeviceError):
                self._link.wait(lambda: clock.now_ns() >= stamp_ns or None, "the twin's time", patience_s=CATCH_UP_S)

    def _hear_stop(self, message: String) -> None:
        self._stop(message.data)

    def _hear_estop(self, message: Bool, info: Mapping[str, Any]) -> None:
        self._buttons.hear(bytes(info["publisher_gid"]["data"]), message.data, time.monotonic())
        if message.data:
            self._stop_in_emergency()

    def _stop_by_service(self, request: Any, response: Any) -> Any:
        failed = self._stop_in_emergency()
        response.success, response.message = not failed, failed or EMERGENCY
        return response

    def _stop_in_emergency(self) -> str:
        """Returns why the arm has not confirmed it; empty if it has."""
        self._emergency = True
        return self._stop(EMERGENCY)

    def _stop(self, reason: str) -> str:
        failed = ""
        if self._gated is not None:
            try:
                self._gated.gate.stop(reason)
            except DeviceError as error:
                failed = f"{reason}: commands are refused, but the arm has not confirmed that it holds still: {error}"
                self.health.error(failed)
        self._answers.tell_fault(self._fault)
        return failed

    def _acknowledge(self, request: Any, response: Any) -> Any:
        """A person has seen to the emergency stop. Does not re-arm."""
        response.success = not self._buttons.pressed
        if response.success:
            self._emergency = False
        else:
            response.message = STILL_PRESSED
        return response

    def _rearm(self, request: Any, response: Any) -> Any:
        try:
            self._rearmed()
            response.success = True
        except RobolearnError as error:
            response.success, response.message = False, str(error)
        self._answers.tell_fault(self._fault)
        return response

    def _rearmed(self) -> None:
        if self._emergency:
            raise DeviceError(STILL_PRESSED if self._buttons.pressed else ACKNOWLEDGE_FIRST)
        if self._gated is None:
            raise DeviceError(topics.NO_ARM)
        self._gated.gate.rearm()
        self._commanders.release()


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(SafetyNode)


if __name__ == "__main__":
    sys.exit(main())
