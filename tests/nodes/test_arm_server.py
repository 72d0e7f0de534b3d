"""What the node of an arm makes of silence and of stops, whatever its device does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
import pytest
import rclpy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from robolearn.contracts import ArmCommand, ArmState, CommandMode
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_server import ArmServer
from robolearn.nodes.arm_spec import TimeKind
from robolearn.nodes.device import DeviceNode
from robolearn.nodes.link import Link
from robolearn.nodes.messages import from_command
from robolearn.nodes.rounds import Rounds
from robolearn.nodes.stamps import Stamps
from tests.contract.fake_arm import FakeArm, SteppedClock
from tests.nodes.processes import PATIENCE_S, eventually, own_network

NS = 1_000_000_000
WATCHDOG_NS = NS // 5
AWAY_RAD = np.array([0.5, -0.6, 1.2, 0.3, 0.0])


class StubbornArm(FakeArm):
    """Its line fails when told to, and it keeps the first reason it was stopped for, as real drivers do."""

    silent = False

    def read(self) -> ArmState:
        if self.silent:
            raise DeviceError("the line is silent")
        return super().read()

    def stop(self, reason: str) -> None:
        super().stop(self.fault or reason)


class SteppedNode(DeviceNode):
    """An active node on a clock that the test moves."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__("arm_node")
        self.stamps, self._stepped = Stamps(simulated=True), clock
        self._heard_by_topic: dict[str, Callable[[Any], None]] = {}

    @property
    def active(self) -> bool:
        return True

    def now_ns(self) -> int:
        return self._stepped.now_ns()


class Rig(NamedTuple):
    clock: SteppedClock
    arm: StubbornArm
    server: ArmServer
    node: SteppedNode
    link: Link
    executor: Rounds
    faults: list[str]

    def spin_until(self, look: Callable[[], object], what: str) -> None:
        """Serve the node until something is the case."""
        eventually(lambda: self.executor.spin_once(0.01) or look(), what)


@pytest.fixture
def rig() -> Iterator[Rig]:
    """The server around an arm, and somebody who talks to it over the graph."""
    with own_network():
        rclpy.init(args=["--ros-args", "-p", "station:=so101_virtual", "-p", "task:=lift_cube"])
        clock = SteppedClock()
        arm, node, executor = StubbornArm(clock), SteppedNode(clock), Rounds()
        arm.connect()
        server = ArmServer(node, arm, TimeKind.MONOTONIC)
        executor.add_node(node)
        faults: list[str] = []
        with (
            closing(Link("test", patience_s=PATIENCE_S)) as link,
            link.listening(topics.ARM.fault, lambda message: faults.append(message.data)),
        ):
            yield Rig(clock, arm, server, node, link, executor, faults)
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown()


def test_a_hold_that_failed_is_tried_again_until_the_arm_holds(rig: Rig) -> None:
    command = ArmCommand(rig.clock.now_ns(), CommandMode.JOINT_POSITION, AWAY_RAD, None)
    publisher = rig.link.publisher(topics.ARM.command)
    eventually(lambda: publisher.get_subscription_count(), "the node to listen")
    stamp = rig.node.stamps.header(command.stamp_ns)
    publisher.publish(from_command(command, rig.arm.spec.joint_names, stamp))
    rig.spin_until(lambda: rig.arm.sent, "the command")
    rig.clock.sleep_until(rig.clock.now_ns() + WATCHDOG_NS + 1)
    rig.arm.silent = True
    with pytest.raises(DeviceError, match="silent"):
        rig.server.hold_if_silent(rig.clock.now_ns(), WATCHDOG_NS)
    rig.arm.silent = False
    here_rad = rig.arm.read().joint_position_rad
    rig.server.hold_if_silent(rig.clock.now_ns(), WATCHDOG_NS)
    np.testing.assert_array_equal(rig.arm.sent[-1], here_rad)
    rig.server.hold_if_silent(rig.clock.now_ns(), WATCHDOG_NS)
    assert len(rig.arm.sent) == 2, "once held, it is left alone"


def test_every_reason_to_stop_is_told_though_the_device_keeps_the_first_alone(rig: Rig) -> None:
    stop = rig.link.publisher(topics.ARM.stop_request)
    eventually(lambda: stop.get_subscription_count(), "the node to listen")
    for reason in ("workspace: too far", "emergency stop"):
        stop.publish(String(data=reason))
        rig.spin_until(lambda reason=reason: rig.faults and reason in rig.faults[-1], reason)
    assert rig.faults[-1] == "workspace: too far; emergency stop"
    response = Trigger.Response()
    assert rig.server._rearm(Trigger.Request(), response).success
    rig.spin_until(lambda: rig.faults[-1] == "", "the fault to be gone")
    stop.publish(String(data="workspace: too far"))
    rig.spin_until(lambda: rig.faults[-1], "another stop")
    assert rig.faults[-1] == "workspace: too far", "what has been re-armed is of the past"
