"""``bench ur``: the servo stream of the UR driver, and what it does when the robot is stopped or the link lost."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from drivers.clock import RealClock
from drivers.ur import UrArm, UrConfig, tool_on_flange
from robolearn.bars import Bar, outcome
from robolearn.bench.emulated import EmulatedDevice
from robolearn.bench.jitter import BareChain, between, beyond
from robolearn.contracts import ArmCommand, CommandMode, Float
from robolearn.descriptions import description
from robolearn.errors import BenchError, DeviceError
from robolearn.processes import Urgency, keep_for_good, served_as

RATE_HZ = 125.0
LATE_S = 0.016
LEAD_IN_S = 3.0  # in which the bare chain begins
SAME_TIME_S = 0.25
TOLD_MS = 100.0
STILL_RAD = 0.003
SWING_RAD = 0.3
SWING_S = 4.0
SETTLE_S = 0.5
REARM_S = 30.0
FOLLOW_S = 0.5
JOINTS = tuple(f"{name}_joint" for name in ("shoulder_pan", "shoulder_lift", "elbow", "wrist_1", "wrist_2", "wrist_3"))
CONFIG = partial(
    UrConfig, servo_lookahead_s=0.05, servo_gain=600.0, payload_kg=0.9, payload_centre_m=(0.0, 0.0, 0.0572),
    zero_wrench=False, silence_s=0.08,
)  # fmt: skip
Note = Callable[[str], None]


@dataclass
class FaultCounts:
    """What became of the faults of one kind."""

    told_ms: list[float] = field(default_factory=list)
    moved_on_return: int = 0
    did_not_rearm: int = 0


class Stream:
    """Swings the first joint, a command every 8 ms."""

    def __init__(self, arm: UrArm) -> None:
        self.arm = arm
        self.interruptions: list[str] = []  # faults that nobody asked for
        self.restart()

    def restart(self) -> None:
        """Swing about where the arm is."""
        self._centre = self.arm.read().joint_position_rad
        self._start_s = self._due_s = time.monotonic()

    def run(self, until: Callable[[], bool]) -> None:
        """Until told to stop. Raises DeviceError as soon as a command is refused."""
        clock = self.arm.clock
        while not until():
            self._due_s = max(self._due_s + 1.0 / RATE_HZ, time.monotonic())
            time.sleep(max(0.0, self._due_s - time.monotonic()))
            phase = 2.0 * np.pi * (time.monotonic() - self._start_s) / SWING_S
            goal = self._centre + np.eye(len(self._centre))[0] * SWING_RAD * np.sin(phase)
            self.arm.command(ArmCommand(clock.now_ns(), CommandMode.JOINT_POSITION, goal, None))

    def keep_running(self, seconds: float) -> None:
        """For ``seconds``; re-arms after faults that nobody asked for, and counts them."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            try:
                self.run(lambda: time.monotonic() >= end_s)
            except DeviceError as error:
                self.interruptions.append(str(error))
                rearm(self.arm)
                self.restart()


def measure(seconds: float, faults: int, note: Note) -> dict[str, Any]:
    """Stream for ``seconds``, then have ``faults`` faults of each kind. Raises BenchError if the robot is not there."""
    host = f"127.{20 + os.getpid() // 62500 % 200}.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"
    with served_as(Urgency.MOVES), EmulatedDevice("ur", "--host", host) as robot:  # as arm_node and a controller are
        arm = make_arm(host)
        arm.connect()
        try:
            stream = Stream(arm)
            keep_for_good()
            note("servo stream")
            figures = streamed(robot, stream, seconds)
            counts = suffer_all(robot, stream, faults, note)
        finally:
            arm.close()
    return outcome({**figures, **summary(counts, faults)}, bars(figures, counts, faults))


def make_arm(host: str) -> UrArm:
    """The driver as a station would make it."""
    return UrArm(CONFIG(host), JOINTS, RATE_HZ, tool_on_flange(description("ur5e_2f85"), JOINTS), RealClock())


def streamed(robot: EmulatedDevice, stream: Stream, seconds: float) -> dict[str, Any]:
    """Stream beside a bare chain of processes, and compare the gaps at the far ends of both."""
    with BareChain(RATE_HZ) as bare:
        stream.keep_running(LEAD_IN_S)
        begin_s = time.monotonic()
        stream.keep_running(seconds)
        end_s = time.monotonic()
    arrivals_s = between(np.array(robot.do("servo_arrivals")), begin_s, end_s)
    machine_arrivals_s = between(bare.arrivals_s, begin_s, end_s)
    if len(arrivals_s) < 2 or len(machine_arrivals_s) < 2:
        raise BenchError("nothing was streamed; is the machine overloaded?")
    gaps_s, machine_gaps_s = np.diff(arrivals_s), np.diff(machine_arrivals_s)
    beyond_s = beyond(arrivals_s, machine_arrivals_s, 1.0 / RATE_HZ, SAME_TIME_S)
    return {
        "stream_s": seconds,
        "commands": len(arrivals_s),
        "gap_ms_p99": 1e3 * float(np.quantile(gaps_s, 0.99)),
        "machine_gap_ms_p99": 1e3 * float(np.quantile(machine_gaps_s, 0.99)),
        "gap_ms_worst": 1e3 * float(gaps_s.max()),
        "machine_gap_ms_worst": 1e3 * float(machine_gaps_s.max()),
        "gap_beyond_machine_ms_worst": 1e3 * float(beyond_s.max()),
        "gaps_over_16_ms": int((gaps_s > LATE_S).sum()),
        "machine_gaps_over_16_ms": int((machine_gaps_s > LATE_S).sum()),
        "missed_deadlines": int((beyond_s > LATE_S).sum()),
        "interruptions": stream.interruptions,
    }


@dataclass(frozen=True)
class Fault:
    """How a fault comes, and how the robot is sound again."""

    strike: Mapping[str, Any]
    mend: tuple[Mapping[str, Any], ...]


FAULTS = {
    "protective_stop": Fault({"deed": "protective_stop"}, ()),
    "emergency_stop": Fault(
        {"deed": "emergency_stop", "pressed": True},
        ({"deed": "emergency_stop", "pressed": False}, {"deed": "power_on"}),
    ),
    "link_loss": Fault({"deed": "faults", "freeze": True}, ({"deed": "faults", "freeze": False},)),
}


def suffer_all(robot: EmulatedDevice, stream: Stream, faults: int, note: Note) -> dict[str, FaultCounts]:
    """Every kind of fault in turn, so many times."""
    counts = {name: FaultCounts() for name in FAULTS}
    for number in range(faults):
        for name, fault in FAULTS.items():
            note(f"{name} {number + 1}/{faults}")
            suffer(robot, stream, fault, counts[name])
    return counts


def suffer(robot: EmulatedDevice, stream: Stream, fault: Fault, counts: FaultCounts) -> None:
    """One fault in the midst of motion, and the way back."""
    arm = stream.arm
    stream.restart()
    stream.keep_running(0.3)
    struck_s = time.monotonic()
    do(robot, fault.strike)
    with contextlib.suppress(DeviceError):
        stream.run(lambda: arm.fault is not None)
    counts.told_ms.append(1e3 * (time.monotonic() - struck_s))
    time.sleep(SETTLE_S)
    before = joints(robot)
    for step in fault.mend:
        do(robot, step)
    time.sleep(SETTLE_S)
    counts.moved_on_return += int(np.abs(joints(robot) - before).max() > STILL_RAD or arm.fault is None)
    if not rearm(arm):
        counts.did_not_rearm += 1


def do(robot: EmulatedDevice, step: Mapping[str, Any]) -> None:
    """One request to the control channel."""
    arguments = dict(step)
    robot.do(arguments.pop("deed"), **arguments)


def joints(robot: EmulatedDevice) -> Float:
    """Where the arm really is (6,) [rad]."""
    return np.array(robot.do("status")["joint_position_rad"])


def rearm(arm: UrArm) -> bool:
    """As a person would who tries again until it works; False if it never does."""
    end_s = time.monotonic() + REARM_S
    while time.monotonic() < end_s:
        try:
            arm.rearm()
        except DeviceError:
            time.sleep(0.2)
        else:
            return arm.fault is None
    return False


def summary(counts: Mapping[str, FaultCounts], faults: int) -> dict[str, Any]:
    """Figures of every kind of fault."""
    figures: dict[str, Any] = {"faults_of_each_kind": faults}
    for name, count in counts.items():
        figures[f"{name}_told_ms_median"] = float(np.median(count.told_ms))
        figures[f"{name}_told_ms_worst"] = max(count.told_ms)
    return figures


def bars(figures: Mapping[str, Any], counts: Mapping[str, FaultCounts], faults: int) -> list[Bar]:
    """What is promised."""
    told = [Bar(f"{name}_told_ms", max(count.told_ms), TOLD_MS, "<=") for name, count in counts.items()]
    back = sum(faults - count.did_not_rearm for count in counts.values())
    return [
        Bar("missed_deadlines", figures["missed_deadlines"], 0, "<="),
        *told,
        Bar("moved_before_rearming", sum(count.moved_on_return for count in counts.values()), 0, "<="),
        Bar("alive_and_rearmed", back, faults * len(counts), ">="),
    ]
