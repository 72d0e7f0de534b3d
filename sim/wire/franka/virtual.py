"""The virtual FR3 and its hand on their ports: 1 kHz, faults, logs, control channel.

Robot time is counted in cycles of 1 ms. It stands still while the command for a state is awaited, for ``patience_s`` at
most, and is let slip where the machine is too busy; a command that has not come by then is lost, as on a real robot."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robolearn.contracts import Float
from robolearn.descriptions import description
from sim.wire.bytelog import ByteLog
from sim.wire.control import ControlChannel, Deed, guarded, knobs
from sim.wire.fingers import Fingers
from sim.wire.franka.body import CYCLE_S, FrankaBody
from sim.wire.franka.datagrams import Datagrams
from sim.wire.franka.hand import PORT as HAND_PORT
from sim.wire.franka.hand import Hand, HandSession
from sim.wire.franka.packets import PORT, Error
from sim.wire.franka.robot import FrankaRobot
from sim.wire.franka.session import RobotSession
from sim.wire.franka.urdf import urdf
from sim.wire.line import LineFaults
from sim.wire.served import Served
from sim.wire.sockets import Ports, Talker

BEHIND_S = 0.02  # further behind, and robot time is let slip
WAIT_S = 0.005
HAND_STATE_S = 0.02


@dataclass(frozen=True)
class FrankaSettings:
    """Where a virtual FR3 is found, and what it keeps."""

    host: str
    start_rad: Float
    patience_s: float
    control: Path | None = None
    bytes_log: Path | None = None
    truth_log: Path | None = None  # rows of float64: monotonic time [s], joints [rad], joint speeds [rad/s]


class VirtualFranka(Served):
    """A context manager: the robot serves its ports inside."""

    def __init__(self, settings: FrankaSettings) -> None:
        """Raises DeviceError if a port or the control socket is not to be had."""
        self._settings = settings
        self.robot = FrankaRobot(FrankaBody(description("fr3")), settings.start_rad)
        body = self.robot.body
        self.hand = Hand(Fingers(body.model, body.data))
        self.faults, self._link = LineFaults(), LineFaults()
        self.slipped_s = 0.0
        self._lock = threading.Lock()
        self._due_s = self._hand_due_s = time.monotonic()
        model = urdf(body.model)
        arm: dict[int, Callable[[], Talker]] = {PORT: lambda: RobotSession(self.robot, model, self._send)}
        hand: dict[int, Callable[[], Talker]] = {HAND_PORT: lambda: HandSession(self.hand, self._send)}
        with contextlib.ExitStack() as opened:
            log = opened.enter_context(ByteLog(settings.bytes_log))
            truth = settings.truth_log
            self._truth = None if truth is None else opened.enter_context(truth.open("wb"))
            self._datagrams = opened.enter_context(Datagrams(settings.host, self.faults, log))
            self._ports = opened.enter_context(Ports(settings.host, arm, self._link, log))
            self._hand_ports = opened.enter_context(Ports(settings.host, hand, self._link, log))
            if settings.control is not None:
                opened.enter_context(ControlChannel(settings.control, self._deeds()))
            super().__init__("fci", opened.pop_all())

    def _run(self) -> None:
        self._due_s = self._hand_due_s = time.monotonic()
        while not self._closing.is_set():
            late_s = time.monotonic() - self._due_s
            if late_s > 0.0 and not self.robot.commanded:
                self._datagrams.wait(min(WAIT_S, max(0.0, self._settings.patience_s - late_s)))
            ready = self._ports.wait(-late_s)
            with self._lock:
                # of the faults of a line, a TCP connection knows silence, delay and being cut
                self._link.freeze, self._link.unplug = self.faults.freeze, self.faults.unplug
                self._link.delay_s = self.faults.delay_s
                self._ports.take(ready, time.monotonic())
                self._turn()
                self._serve_hand()
                self._ports.flush(time.monotonic())
                self._datagrams.flush(time.monotonic())

    def _turn(self) -> None:
        """One millisecond of the robot, if it is due, and the command for it is there or given up."""
        for command in self._datagrams.commands():
            self.robot.take(command)
        patience_s = 0.0 if self.robot.commanded else self._settings.patience_s
        if time.monotonic() < self._due_s + patience_s:
            return
        self.hand.step(CYCLE_S)
        self.robot.cycle()
        self._note()
        self._ports.step(time.monotonic())
        self._due_s += CYCLE_S
        behind_s = time.monotonic() - self._due_s
        if behind_s > BEHIND_S:
            self._due_s += behind_s
            self.slipped_s += behind_s

    def _serve_hand(self) -> None:
        """The hand tells its state by a clock of its own."""
        now_s = time.monotonic()
        self._hand_ports.take(self._hand_ports.wait(0.0), now_s)
        if now_s >= self._hand_due_s:
            self._hand_ports.step(now_s)
            self._hand_due_s = now_s + HAND_STATE_S
        self._hand_ports.flush(now_s)

    def _note(self) -> None:
        if self._truth is not None:
            body = self.robot.body
            self._truth.write(np.concatenate([[time.monotonic()], body.position_rad, body.velocity_rad_s]).tobytes())

    def _send(self, port: int, datagram: bytes) -> None:
        self._datagrams.put(port, datagram, time.monotonic())

    def _deeds(self) -> dict[str, Deed]:
        """What the control channel offers: faults of the line, of the robot, and a look inside."""
        robot = self.robot

        deeds: dict[str, Deed] = {
            "faults": knobs(self.faults),
            "reflex": lambda: robot.reflex(Error.JOINT_REFLEX),
            "user_stop": lambda pressed: robot.user_stop(bool(pressed)),
            "push": robot.body.push,
            "status": self._status,
        }
        return guarded(self._lock, deeds)

    def _status(self) -> dict[str, Any]:
        robot = self.robot
        return {
            "joint_position_rad": robot.body.position_rad.tolist(),
            "joint_velocity_rad_s": robot.body.velocity_rad_s.tolist(),
            "robot_mode": robot.mode.name,
            "moving": robot.moving,
            "width_m": self.hand.width_m,
            "robot_time_s": robot.message_id * CYCLE_S,
            "slipped_s": self.slipped_s,
        }
