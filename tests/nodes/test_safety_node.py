"""The gate as a process: an arm like any other to its clients, and what it keeps from the arm."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.contracts import Float
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.arm_client import RosArm
from robolearn.nodes.link import Link
from robolearn.nodes.safety_node import EMERGENCY
from robolearn.nodes.stamps import to_time
from robolearn.nodes.world import RosWorld
from tests.contract.arm import ArmContract, ArmRig
from tests.nodes.cells import ANSWER_S, STATION, naming, safety, twin
from tests.nodes.processes import PATIENCE_S, NodeProcess, diagnostics, eventually, own_network

NS = 1_000_000_000
PERIOD_NS = round(NS / STATION.control_hz)
JOINTS = list(STATION.joint_names)
LIMITS = STATION.limits


class Cell(NamedTuple):
    """A twin in lock-step behind a gate, each a process; ``world`` commands as the actor."""

    twin: NodeProcess
    gate: NodeProcess
    link: Link
    world: RosWorld


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """The cell that the tests of this file share."""
    folder = tmp_path_factory.mktemp("cell")
    with ExitStack() as stack:
        stack.enter_context(own_network())
        twin_process = stack.enter_context(twin(folder, lock_step=True))
        gate = stack.enter_context(safety(folder))
        link = stack.enter_context(closing(Link("test", patience_s=PATIENCE_S)))
        world = RosWorld(link, (), topics.SAFETY.of("actor"))
        (arm,) = world.arms.values()
        eventually(lambda: arm.fault == "not armed yet" or None, "the gate")
        link.patience_s = ANSWER_S
        yield Cell(twin_process, gate, link, world)


@pytest.fixture
def rig(cell: Cell) -> Iterator[ArmRig]:
    """The gated arm in the start state of an episode, armed and at rest."""
    arm = ready(cell)
    yield ArmRig(arm, cell.world.clock, lambda: None)
    arm.close()


def ready(cell: Cell) -> RosArm:
    """A new episode, its arm connected and armed."""
    cell.link.call(topics.ACKNOWLEDGE, Trigger.Request())
    cell.world.reset(0)
    (arm,) = cell.world.arms.values()
    assert isinstance(arm, RosArm)
    arm.connect()
    arm.rearm()
    return arm


class TestGatedArm(ArmContract):
    """The arm behind the gate keeps the rules of an arm."""

    cell: ClassVar[Cell]

    @pytest.fixture(autouse=True)
    def _new_episode(self, cell: Cell) -> None:
        type(self).cell = cell

    def make(self) -> ArmRig:
        """A client of the gate."""
        arm = ready(self.cell)
        arm.close()
        return ArmRig(arm, self.cell.world.clock, lambda: None)


def raw(names: list[str], positions: list[float], stamp_ns: int) -> JointTrajectory:
    """A command as anybody may send it."""
    message = JointTrajectory(joint_names=names, points=[JointTrajectoryPoint(positions=positions)])
    message.header.stamp = to_time(stamp_ns)
    return message


class Stranger:
    """Sends whatever it likes, as a source, and hears what became of it."""

    def __init__(self, cell: Cell, stack: ExitStack, source: str) -> None:
        self.topic = topics.SAFETY.command.of(source)
        self._link = cell.link
        self._answers: dict[tuple[int, int], str] = {}
        self._publisher = cell.link.publisher(self.topic)
        stack.enter_context(cell.link.listening(topics.SAFETY.clips, self._hear))
        eventually(lambda: self._publisher.get_subscription_count() or None, "the gate to listen")

    def send(self, message: JointTrajectory) -> str:
        """The refusal, or what was clipped."""
        key = (message.header.stamp.sec, message.header.stamp.nanosec)
        self._answers.pop(key, None)
        self._publisher.publish(message)
        return str(self._link.wait(lambda: self._answers.get(key), f"an answer on {topics.SAFETY.clips.name}"))

    def _hear(self, message: Any) -> None:
        (status,) = message.status
        self._answers[message.header.stamp.sec, message.header.stamp.nanosec] = status.message or "as asked"


@pytest.fixture
def stranger(cell: Cell) -> Iterator[Stranger]:
    """Somebody who calls themselves the actor."""
    with ExitStack() as stack:
        yield Stranger(cell, stack, "actor")


def test_what_is_no_command_is_refused_by_name_and_moves_nothing(rig: ArmRig, stranger: Stranger) -> None:
    here = rig.arm.read().joint_position_rad.tolist()
    now_ns = rig.clock.now_ns()
    bad = {
        "not finite": raw(JOINTS, [math.nan, *here[1:]], now_ns),
        "not finite: ": raw(JOINTS, [math.inf, *here[1:]], now_ns),
        "expected each of": raw(["elbow", *JOINTS[1:]], here, now_ns),
        "no value for": raw(JOINTS[:4], here[:4], now_ns),
        "needs one point": JointTrajectory(joint_names=JOINTS),
        "age": raw(JOINTS, here, now_ns - round(1.1e9 * LIMITS.command_max_age_s)),
        "age -": raw(JOINTS, here, now_ns + 2 * PERIOD_NS),
    }
    bad["needs one point"].header.stamp = to_time(now_ns)
    for named, message in bad.items():
        assert named in stranger.send(message)
    rig.wait(5)
    np.testing.assert_allclose(rig.arm.read().joint_position_rad, here, atol=0.01)
    assert stranger.send(raw(JOINTS, here, rig.clock.now_ns())) == "as asked"


def test_a_huge_command_is_shortened_with_its_reasons(rig: ArmRig) -> None:
    here = rig.arm.read().joint_position_rad
    executed = rig.arm.command(rig.asked(here + 1e6))
    assert {"joint_range", "joint_speed"} <= set(executed.clips)
    assert np.abs(executed.command.values - here).max() <= max(LIMITS.joint_speed_rad_s) / STATION.control_hz + 1e-9


def test_a_flood_of_commands_keeps_the_limits(cell: Cell, rig: ArmRig) -> None:
    """As fast as they come, within two control periods of the twin's time."""
    start = rig.arm.read().joint_position_rad
    for _ in range(2):
        for _ in range(20):
            executed = rig.arm.command(rig.asked(start + np.eye(5)[0]))
        rig.wait(1)
    moved = np.abs(executed.command.values - start).max()
    assert moved <= LIMITS.joint_speed_rad_s[0] * 2 / STATION.control_hz + 1e-9


def test_a_second_commander_is_refused_by_name_until_the_first_is_silent(rig: ArmRig, stranger: Stranger) -> None:
    here = rig.arm.read().joint_position_rad
    rig.arm.command(rig.asked(here))
    rig.wait(1)
    assert "two commanders at once: another 'actor'" in stranger.send(raw(JOINTS, here.tolist(), rig.clock.now_ns()))
    rig.wait(1)
    assert rig.arm.command(rig.asked(here)).clips == ()
    rig.wait(1 + round(LIMITS.watchdog_s * STATION.control_hz))
    assert "watchdog" in stranger.send(raw(JOINTS, here.tolist(), rig.clock.now_ns()))
    rig.wait(1)
    with pytest.raises(BorderError, match="two commanders"):
        rig.arm.command(rig.asked(here))


def test_a_person_prevails_over_the_actor(cell: Cell, rig: ArmRig) -> None:
    here = rig.arm.read().joint_position_rad
    rig.arm.command(rig.asked(here))
    with ExitStack() as stack:
        person = Stranger(cell, stack, "teleop")
        rig.wait(1)
        lagging_ns = rig.clock.now_ns() - 2 * PERIOD_NS  # by a clock of their own, behind that of the actor
        assert person.send(raw(JOINTS, here.tolist(), lagging_ns)) == "as asked"
        rig.wait(1)
        with pytest.raises(BorderError, match="'teleop' commands the arm"):
            rig.arm.command(rig.asked(here))


def test_the_arm_is_held_when_commands_go_silent(cell: Cell, rig: ArmRig) -> None:
    held: list[Float] = []
    with cell.link.listening(topics.ARM.command, lambda message: held.append(message.points[0].positions)):
        target = rig.arm.read().joint_position_rad
        for _ in range(5):
            target = target + 0.02 * np.eye(5)[0]
            rig.arm.command(rig.asked(target))
            rig.wait(1)
        eventually(lambda: len(held) >= 5 or None, "the commands")
        rig.wait(2 + round(LIMITS.watchdog_s * STATION.control_hz))
        eventually(lambda: len(held) > 5 or None, "the hold")
    assert "watchdog" in rig.arm.command(rig.asked(rig.arm.read().joint_position_rad)).clips


def test_after_an_emergency_stop_nothing_moves_until_a_person_acknowledges_it(cell: Cell, rig: ArmRig) -> None:
    estop = cell.link.publisher(topics.ESTOP)
    eventually(lambda: estop.get_subscription_count() or None, "the gate to listen")
    here = rig.arm.read()
    estop.publish(Bool(data=True))
    eventually(lambda: rig.arm.fault == "emergency stop" or None, "the fault")
    with pytest.raises(DeviceError, match="emergency stop"):
        rig.arm.command(rig.asked(here.joint_position_rad + 0.01))
    with pytest.raises(DeviceError, match="must say false first"):
        rig.arm.rearm()
    assert not cell.link.call(topics.ACKNOWLEDGE, Trigger.Request()).success
    estop.publish(Bool(data=False))
    eventually(lambda: cell.link.call(topics.ACKNOWLEDGE, Trigger.Request()).success or None, "the release")
    with pytest.raises(DeviceError, match="emergency stop"):
        rig.arm.command(rig.asked(here.joint_position_rad + 0.01))
    rig.arm.rearm()
    assert rig.arm.command(rig.asked(here.joint_position_rad + 0.001)).clips == ()


def test_the_stop_service_needs_a_person_as_well(cell: Cell, rig: ArmRig) -> None:
    assert cell.link.call(topics.SAFETY.stop, Trigger.Request()).success
    with pytest.raises(DeviceError, match="a person calls safety/acknowledge first"):
        rig.arm.rearm()
    assert cell.link.call(topics.ACKNOWLEDGE, Trigger.Request()).success
    rig.arm.rearm()


def test_its_report_names_who_commands_and_the_last_refusal(cell: Cell, rig: ArmRig, stranger: Stranger) -> None:
    rig.arm.command(rig.asked(rig.arm.read().joint_position_rad))
    rig.wait(1)
    with diagnostics(cell.link) as newest:
        stranger.send(raw(JOINTS, [math.nan] * 5, rig.clock.now_ns()))
        report = eventually(lambda: naming(newest, "not finite"), "the report")
    assert report["commander"] == "actor" and int(report["refused"]) >= 1


def test_a_button_that_dies_is_an_emergency_stop(cell: Cell, rig: ArmRig) -> None:
    with closing(Link("button", patience_s=PATIENCE_S)) as button:
        released = button.publisher(topics.ESTOP)
        eventually(lambda: released.get_subscription_count() or None, "the gate to listen")
        for _ in range(4):
            released.publish(Bool(data=False))
            time.sleep(0.2)
        assert rig.arm.fault is None
    eventually(lambda: rig.arm.fault == EMERGENCY or None, "the stop")
    assert cell.link.call(topics.ACKNOWLEDGE, Trigger.Request()).success
    rig.arm.rearm()
