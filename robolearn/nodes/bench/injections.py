"""The faults that are injected: how each is done, how it must be named, and how it ends."""

from __future__ import annotations

import math
import re
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robolearn.errors import BenchError
from robolearn.learning.weights import WeightsFolder
from robolearn.nodes import topics
from robolearn.nodes.bench.bodies import ServoBody, TwinBody
from robolearn.nodes.bench.fault_cell import FaultCell
from robolearn.nodes.stamps import NS, to_time

KILL, STOP, GO = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT
STREAM = ("actor_node", "safety_node", "arm_node")  # the arm's commands end with these
ROOM_BYTES = 16384
BURST_S, FLOOD_HZ, DOUBLE_HZ = 0.5, 1000.0, 50.0
REFUSED, NOTICED_S = "refused", 15.0
HEALED_S = 30.0
CAMERA_S, DISK_S, CLOCK_S, LEARNER_GONE_S, UNPLUGGED_S = 2.5, 3.0, 1.5, 60.0, 1.0


@dataclass(frozen=True)
class Injection:
    """One kind of fault. ``named`` is a regular expression of what has to be reported."""

    kind: str
    act: Callable[[FaultCell], None]
    named: str
    times: int
    ends_stream: bool = False
    needs: tuple[str, ...] = ()  # nodes besides twin, gate, supervisor and actor


def killed(node: str, times: int) -> Injection:
    """A node is killed, and is started again by whoever keeps it up."""
    named = f"{node} has (begun anew|been silent)"
    return Injection(
        f"kill -9 {node}", lambda cell: cell.signal(node, KILL), named, times, node in STREAM, (node,)
    )  # fmt: skip


def stopped(node: str, seconds: float, times: int) -> Injection:
    """A node stands still for a while: one that is up, since nobody hears of a process that has yet to begin."""

    def act(cell: FaultCell) -> None:
        cell.wait_for(node)
        cell.signal(node, STOP)
        try:
            cell.wait(seconds)
        finally:
            cell.signal(node, GO)

    named = f"/{node}: .*this process has stood still"
    return Injection(f"SIGSTOP {node} {seconds:g} s", act, named, times, node in STREAM, (node,))


def broken_camera(fault: str, named: str, times: int) -> Injection:
    """A camera breaks, and heals after a while: a frozen one shows what is there as long as nothing moves."""

    def act(cell: FaultCell) -> None:
        twin, said = _twin(cell), len(cell.seen.named)
        twin.break_camera(cell.rng.choice(sorted(twin.station.cameras)), fault)
        cell.wait(CAMERA_S)
        cell.wait_until(lambda: any(re.search(named, report) for report in cell.seen.named[said:]), HEALED_S)
        twin.break_camera("", "")

    return Injection(f"camera {fault}", act, named, times)


def bad_command(kind: str, value: float, named: str, times: int) -> Injection:
    """Commands with a value that is none, in the name of the actor, whose own may each time take the place of one."""

    def act(cell: FaultCell) -> None:
        values = np.full(len(cell.body.station.joint_names), value)
        _send(cell, "actor", lambda _: values, round(BURST_S * DOUBLE_HZ), DOUBLE_HZ)

    return Injection(f"{kind} command", act, named, times)


def huge(cell: FaultCell) -> None:
    """Commands far away from a source that prevails."""
    _send(cell, "teleop", lambda _: np.full(len(cell.body.station.joint_names), 1e9), 5, DOUBLE_HZ)


def stale(cell: FaultCell) -> None:
    """A command that is too old, from a source that prevails."""
    _send(cell, "teleop", lambda _: np.zeros(len(cell.body.station.joint_names)), 1, 1.0, age_s=1.0)


def flood(cell: FaultCell) -> None:
    """Wild commands at 1 kHz from a source that prevails."""
    _send(cell, "teleop", lambda rng: rng.uniform(-2.0, 2.0, len(cell.body.station.joint_names)), 500, FLOOD_HZ)


def two_commanders(cell: FaultCell) -> None:
    """Another one who calls itself the actor."""
    _send(cell, "actor", lambda _: np.zeros(len(cell.body.station.joint_names)), round(BURST_S * DOUBLE_HZ), DOUBLE_HZ)


def clock_stepped(hours: float, times: int) -> Injection:
    """The wall clock of every process is set, and set back."""

    def act(cell: FaultCell) -> None:
        cell.step_clock(3600 * hours)
        cell.wait(CLOCK_S)
        cell.step_clock(0.0)

    return Injection(f"clock {hours:+g} h", act, "clock stepped", times)


def truncated_weights(cell: FaultCell) -> None:
    """A new version of the weights of which the end is missing; another one if the learner's next comes first."""
    folder, said = WeightsFolder(cell.run / "weights"), len(cell.seen.named)
    folder.path.mkdir(exist_ok=True)
    ours: list[int] = []

    def refused() -> bool:
        newest = folder.newest()
        if newest not in ours:
            ours.append(newest + 1)
            folder.file(newest + 1).write_bytes((64).to_bytes(8, "little") + b'{"__metadata__"')
        return any(REFUSED in report for report in cell.seen.named[said:])

    cell.wait_until(refused, NOTICED_S)
    for version in ours:
        folder.file(version).unlink(missing_ok=True)


def disk_full(cell: FaultCell) -> None:
    """No file of the actor may grow beyond a few kB for a while, so that its pictures find no room."""
    pid = cell.children["actor_node"].pid
    if pid is None:
        return
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    cell.wait(DISK_S)
    if cell.children["actor_node"].pid == pid:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def learner_gone(cell: FaultCell) -> None:
    """The learner is killed, and stays away for a minute."""
    cell.absent.add("learner_node")
    cell.signal("learner_node", KILL)
    cell.wait(LEARNER_GONE_S)
    cell.absent.remove("learner_node")


def unplugged(cell: FaultCell) -> None:
    """The servo bus is pulled out, and plugged in again."""
    servos = _servos(cell)
    servos.do("faults", unplug=True)
    cell.wait(UNPLUGGED_S)
    servos.do("faults", unplug=False)


def _twin(cell: FaultCell) -> TwinBody:
    if not isinstance(cell.body, TwinBody):
        raise BenchError("this fault is one of the twin")
    return cell.body


def _servos(cell: FaultCell) -> ServoBody:
    if not isinstance(cell.body, ServoBody):
        raise BenchError("this fault is one of a bus of servos")
    return cell.body


def _send(
    cell: FaultCell, source: str, values: Callable[[np.random.Generator], Any], count: int, rate_hz: float,
    age_s: float = 0.0,
) -> None:  # fmt: skip
    """Send ``count`` commands as ``source``, from a publisher of its own."""
    topic = topics.SAFETY.command.of(source)
    publisher, rng = cell.link.publisher(topic), np.random.default_rng(cell.rng.getrandbits(32))
    listeners = 1 + ("recorder_node" in cell.children)
    cell.wait_until(lambda: publisher.get_subscription_count() >= listeners, 10.0)
    start_s = time.monotonic()
    for number in range(count):
        message = JointTrajectory(joint_names=list(cell.body.station.joint_names))
        message.points = [JointTrajectoryPoint(positions=[float(value) for value in values(rng)])]
        message.header.stamp = to_time(round((cell.seen.twin_s - age_s) * NS))
        publisher.publish(message)
        time.sleep(max(0.0, start_s + (number + 1) / rate_hz - time.monotonic()))
    cell.link.forget(publisher)


NODES = ("twin_node", "safety_node", "supervisor_node", "actor_node", "learner_node", "recorder_node")
WITH_TWIN: tuple[Injection, ...] = (
    bad_command("NaN", math.nan, "not finite", 30),
    bad_command("inf", math.inf, "not finite", 30),
    Injection("huge command", huge, "joint_range", 30),
    Injection("stale command", stale, "age", 30),
    Injection("flood at 1 kHz", flood, "two commanders|joint_range|joint_speed", 20),
    Injection("two commanders", two_commanders, "two commanders", 20),
    broken_camera("black", "black", 10),
    broken_camera("frozen", "frozen", 10),
    broken_camera("delayed", "age", 10),
    broken_camera("wrong size", "expected", 10),
    clock_stepped(1.0, 10),
    clock_stepped(-1.0, 10),
    Injection("weights truncated", truncated_weights, REFUSED, 10),
    Injection("disk full", disk_full, "File too large|cannot", 8),
    *(killed(node, 5) for node in NODES),
    *(stopped(node, 1.0, 5) for node in NODES),
    *(stopped(node, 10.0, 2) for node in NODES),
    Injection("learner gone for a minute", learner_gone, "learner_node has been silent", 2, needs=("learner_node",)),
)
DEVICE_NODES = ("arm_node", "camera_node_front", "camera_node_wrist", "teleop_node", "reward_node")
WITH_SERVOS: tuple[Injection, ...] = (
    *(killed(node, 5) for node in (*DEVICE_NODES, "scene_node", "safety_node", "actor_node")),
    *(stopped(node, 1.0, 3) for node in DEVICE_NODES),
    *(stopped(node, 10.0, 1) for node in DEVICE_NODES),
    Injection("bus unplugged", unplugged, "link|port", 5, ends_stream=True),
)


def chosen(table: tuple[Injection, ...], share: float, without: tuple[str, ...] = ()) -> list[Injection]:
    """Those that a cell ``without`` some nodes can suffer, each ``share`` as often, but once at least."""
    fit = [one for one in table if not set(one.needs) & set(without)]
    return [replace(one, times=max(1, round(share * one.times))) for one in fit]
