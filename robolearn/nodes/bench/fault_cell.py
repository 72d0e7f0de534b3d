"""A cell that is to be hurt: nodes that are started again, somebody who drives, and what is seen of them."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from robolearn import atomic
from robolearn.contracts import Float
from robolearn.episodes import EpisodeStore
from robolearn.errors import BenchError, RobolearnError
from robolearn.nodes import topics
from robolearn.nodes.bench.bodies import TASK, Body
from robolearn.nodes.health import HOST
from robolearn.nodes.link import Link
from robolearn.nodes.stamps import NS, to_ns
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.rules import argument, assignment
from robolearn.nodes.up.setups import Start, Wanted, starts

LOOK_S = 0.05
LED_RAD = 0.02  # of any joint
READY_S = 240.0
CLOCK_STEP = "ROBOLEARN_FAULTS_CLOCK"


@dataclass
class Seen:
    """What has come over the graph so far."""

    named: list[str] = field(default_factory=list)  # everything that was reported as not right
    hardware: set[str] = field(default_factory=set)  # processes that have told of themselves
    moved: int = 0  # commands that the arm has taken
    goal_rad: Float = field(default_factory=lambda: np.zeros(0))  # (J,) of the last one
    twin_s: float = 0.0


class FaultCell:
    """The running cell, its folder, and the hands of whoever hurts it."""

    def __init__(self, folder: Path, run: Path, body: Body, children: dict[str, Child], link: Link) -> None:
        self.folder, self.run, self.body, self.children, self.link = folder, run, body, children, link
        self.seen = Seen()
        self.absent: set[str] = set()  # nodes that are not started again for now
        self.rng = random.Random(0)

    @property
    def moment(self) -> tuple[str, float]:
        """Which log of the body is written now, and the time [s] that it keeps."""
        return self.body.moment(self.children[self.body.device].pid, self.seen.twin_s)

    def look(self) -> None:
        """Start again what has died. Raises ConfigError for a node that was started badly."""
        for name, child in self.children.items():
            if name not in self.absent:
                child.look()
        time.sleep(LOOK_S)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, done: Callable[[], bool], patience_s: float) -> bool:
        """True as soon as it is ``done``; false if it takes longer."""
        deadline_s = time.monotonic() + patience_s
        while not done():
            if time.monotonic() > deadline_s:
                return False
            self.look()
        return True

    def moves_again(self, patience_s: float, commands: int = 15) -> bool:
        """True once the arm has taken so many more commands."""
        before = self.seen.moved
        return self.wait_until(lambda: self.seen.moved - before >= commands, patience_s)

    def wait_until_led(self, patience_s: float) -> None:
        """Wait until the arm is led elsewhere: commands alone may tell it to stay where it is."""
        before = self.seen.goal_rad

        def led() -> bool:
            now = self.seen.goal_rad
            return now.shape == before.shape and bool(np.abs(now - before).max(initial=0.0) > LED_RAD)

        self.wait_until(led, patience_s)

    def wait_for(self, name: str) -> None:
        """Wait until the present process of a node has told of itself. Raises BenchError if it does not."""
        if not self.wait_until(lambda: f"{HOST}:{self.children[name].pid}" in self.seen.hardware, READY_S):
            raise BenchError(f"{name} does not start: {self.children[name].last_words()}")

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to the process of a node, which may just be starting. Raises BenchError if there is none."""
        self.wait_until(lambda: self.children[name].pid is not None, READY_S)
        pid = self.children[name].pid
        if pid is None:
            raise BenchError(f"{name} does not run: {self.children[name].last_words()}")
        os.kill(pid, number)

    def step_clock(self, seconds: float) -> None:
        """Set the wall clock of every process of the cell."""
        atomic.write_text(self.folder / "clock", str(seconds))

    def committed(self) -> dict[str, int]:
        """Rows of every episode that are on disk."""
        return {episode.id: episode.rows for episode in EpisodeStore.open(self.run / "store").episodes()}

    def hear_report(self, message: DiagnosticArray) -> None:
        """Keep who has reported, and what is not right."""
        self.seen.hardware.update(one.hardware_id for one in message.status)
        self.seen.named += [f"{one.name}: {one.message}" for one in message.status if one.level != b"\0"]

    def hear_executed(self, message: JointTrajectory) -> None:
        """Count what the arm takes, and keep where that leads it."""
        self.seen.moved += len(message.points)
        joints = len(self.body.station.joint_names)
        for point in message.points:
            self.seen.goal_rad = np.array(point.positions[:joints])

    def hear_clock(self, message: Clock) -> None:
        """Keep the time of the twin."""
        self.seen.twin_s = to_ns(message.clock) / NS


@contextmanager
def running(folder: Path, run: Path, config: str, body: Body) -> Iterator[FaultCell]:
    """A cell with a ``body`` that practises while a person drives now and then; ended at the end. Raises BenchError."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **body.environment,
        CLOCK_STEP: str(folder / "clock"),
        "PYTHONPATH": f"{Path(__file__).with_name('clock')}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "OMP_NUM_THREADS": "1",
    }
    (folder / "clock").write_text("0", encoding="ascii")
    namespace = f"/faults_{os.getpid()}"
    with ExitStack() as stack:
        stack.enter_context(body)
        stack.enter_context(_environment(environment))
        planned = _planned(run, config, body, namespace)
        children = {start.name: Child(start, folder, "warn", body.stdin(start.name)) for start in planned}
        stack.callback(lambda: end_all(list(children.values())))
        for child in children.values():
            child.start()
        link = Link("faults", namespace, patience_s=5.0)
        stack.callback(link.close)
        cell = FaultCell(folder, run, body, children, link)
        stack.enter_context(link.listening(topics.DIAGNOSTICS, cell.hear_report))
        stack.enter_context(link.listening(topics.SAFETY.clips, cell.hear_report))
        stack.enter_context(link.listening(topics.ARM.executed, cell.hear_executed))
        stack.enter_context(link.listening(topics.CLOCK, cell.hear_clock))
        _start_practice(cell)
        yield cell


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """For the processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _planned(run: Path, config: str, body: Body, namespace: str) -> list[Start]:
    given = (
        argument("task", TASK), argument("run", str(run)), argument("config", config),
        assignment("actor_node:teleop:=true"), *body.rules,
    )  # fmt: skip
    planned = starts(Wanted("practice", body.station_file, namespace, given, body.others))
    return [body.prepared(one) for one in planned if one.entry.name not in body.without]


def _start_practice(cell: FaultCell) -> None:
    """Say "start", as soon as somebody hears it, and wait until the arm moves."""
    start = next(service for service in topics.SUPERVISOR if service.name.endswith("/start"))
    deadline_s = time.monotonic() + READY_S
    while True:
        cell.look()
        try:
            cell.link.call(start, Trigger.Request())
            break
        except RobolearnError as error:
            if time.monotonic() > deadline_s:
                raise BenchError(f"the cell does not start: {error}") from error
    if not cell.moves_again(READY_S):
        words = {name: child.last_words() for name, child in cell.children.items()}
        raise BenchError(f"the arm does not move: {words}")
