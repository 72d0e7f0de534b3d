"""A gate that was killed: what it knew of an emergency stop is not lost with it."""

from __future__ import annotations

import signal
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from std_srvs.srv import Trigger

from robolearn.contracts import Arm, ArmCommand, CommandMode
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.link import Link
from robolearn.nodes.safety_node import EMERGENCY
from robolearn.nodes.world import RosWorld
from tests.nodes.cells import ANSWER_S, safety, twin
from tests.nodes.processes import PATIENCE_S, eventually, own_network


def rearmed_unless_absent(arm: Arm) -> bool:
    """False while the gate, or the arm behind it, does not answer."""
    try:
        arm.rearm()
    except DeviceError as error:
        if not any(named in str(error) for named in ("has not answered yet", "no answer", "nobody offers")):
            raise
        return False
    return True


def forget_faults(link: Link, world: RosWorld) -> None:
    """Reset the twin, whose arm forgets why it was stopped; return when its node has been told again."""
    told: list[str] = []
    with link.listening(topics.ARM.fault, lambda message: told.append(message.data), every=True):
        eventually(lambda: told == [EMERGENCY] or None, "what it was stopped for")
        world.reset(seed=1)
        eventually(lambda: told[1:] == ["", EMERGENCY] or None, "the stop again")


def test_a_gate_that_was_killed_starts_stopped_and_keeps_an_emergency_stop(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(own_network())
        stack.enter_context(twin(tmp_path, lock_step=True))
        gate = stack.enter_context(safety(tmp_path))
        link = stack.enter_context(closing(Link("test", patience_s=PATIENCE_S)))
        world = RosWorld(link, (), topics.SAFETY.of("actor"))
        (arm,) = world.arms.values()
        eventually(lambda: arm.fault == "not armed yet" or None, "the gate")
        arm.connect()
        arm.rearm()
        assert link.call(topics.SAFETY.stop, Trigger.Request()).success
        forget_faults(link, world)
        gate.end(signal.SIGKILL)
        stack.enter_context(safety(tmp_path))
        link.patience_s = 2.0  # a request to the dead gate is not answered by the new one
        with pytest.raises(DeviceError, match="acknowledge"):
            eventually(lambda: rearmed_unless_absent(arm), "the new gate")
        link.patience_s = ANSWER_S
        assert link.call(topics.ACKNOWLEDGE, Trigger.Request()).success
        arm.rearm()
        here = arm.read().joint_position_rad
        command = ArmCommand(world.clock.now_ns(), CommandMode.JOINT_POSITION, here, None)
        assert arm.command(command).clips == ()
