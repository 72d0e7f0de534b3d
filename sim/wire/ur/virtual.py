"""The virtual controller and the gripper on its arm, on their ports: 500 Hz, faults, byte log, control channel."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robolearn.contracts import Float
from robolearn.descriptions import description
from sim.wire.bytelog import ByteLog
from sim.wire.control import ControlChannel, Deed, guarded, knobs
from sim.wire.fingers import Fingers
from sim.wire.line import LineFaults
from sim.wire.realtime import RealTime
from sim.wire.robotiq.gripper import Gripper
from sim.wire.robotiq.urcap import URCAP_PORT, UrcapChannel
from sim.wire.served import Served
from sim.wire.sockets import Ports, Talker
from sim.wire.ur.body import Body
from sim.wire.ur.controller import Controller, RobotMode
from sim.wire.ur.dashboard import DashboardChannel
from sim.wire.ur.motion import CYCLE_S
from sim.wire.ur.packets import Values
from sim.wire.ur.scripts import ScriptChannel
from sim.wire.ur.session import Session

RTDE_PORT, SCRIPT_PORT, DASHBOARD_PORT = 30004, 30003, 29999
SERVO_J = 11
MOST_ARRIVALS = 100_000


class WatchedController(Controller):
    """Notes when each servo command came in."""

    def __init__(self, body: Body, start_rad: Float) -> None:
        super().__init__(body, start_rad)
        self.arrivals_s: deque[float] = deque(maxlen=MOST_ARRIVALS)

    def write(self, values: Mapping[str, Values]) -> None:
        """A client's data packet has come in."""
        super().write(values)
        if values.get("input_int_register_0") == (SERVO_J,):
            self.arrivals_s.append(time.monotonic())


class VirtualUr(Served):
    """A context manager: the controller serves its ports inside."""

    def __init__(self, host: str, start_rad: Float, control: Path | None, log: Path | None) -> None:
        """Raises DeviceError if a port or the control socket is not to be had."""
        self.controller = WatchedController(Body(description("ur5e_2f85")), start_rad)
        body = self.controller.body
        self.gripper = Gripper(Fingers(body.model, body.data))
        self.faults = LineFaults()
        self._real = RealTime(self._step, CYCLE_S, CYCLE_S)
        talkers: dict[int, Callable[[], Talker]] = {
            RTDE_PORT: lambda: Session(self.controller),
            SCRIPT_PORT: lambda: ScriptChannel(self.controller.run_script),
            DASHBOARD_PORT: lambda: DashboardChannel(self.controller),
            URCAP_PORT: lambda: UrcapChannel(self.gripper),
        }
        with contextlib.ExitStack() as opened:
            self._ports = Ports(host, talkers, self.faults, opened.enter_context(ByteLog(log)))
            opened.enter_context(self._ports)
            if control is not None:
                opened.enter_context(ControlChannel(control, self._deeds()))
            super().__init__("ur-controller", opened.pop_all())

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._closing.is_set():
            ready = self._ports.wait(due_s - time.monotonic())
            with self._real.lock:
                self._ports.take(ready, time.monotonic())
                if time.monotonic() >= due_s:
                    self._real.catch_up()
                    due_s = max(due_s + CYCLE_S, time.monotonic())
                self._ports.flush(time.monotonic())

    def _step(self) -> None:
        self.gripper.step(CYCLE_S)
        self.controller.cycle()
        self._ports.step(time.monotonic())

    def _deeds(self) -> dict[str, Deed]:
        """What the control channel offers: faults of the line, of the robot, and a look inside."""
        controller = self.controller

        deeds: dict[str, Deed] = {
            "faults": knobs(self.faults),
            "protective_stop": lambda: controller.protective_stop("by the control channel"),
            "emergency_stop": lambda pressed: controller.emergency_stop(bool(pressed)),
            "power_on": lambda: controller.power(RobotMode.RUNNING),
            "push": controller.body.push,
            "status": self._status,
            "servo_arrivals": self._take_arrivals,
        }
        return guarded(self._real.lock, deeds)

    def _status(self) -> dict[str, Any]:
        controller = self.controller
        return {
            "joint_position_rad": controller.body.position_rad.tolist(),
            "joint_velocity_rad_s": controller.body.velocity_rad_s.tolist(),
            "robot_mode": controller.robot_mode.name,
            "safety_mode": controller.safety_mode.name,
            "playing": controller.playing,
            "slipped_s": self._real.slipped_s,
        }

    def _take_arrivals(self) -> list[float]:
        """Monotonic times [s] of the servo commands since the last call."""
        arrivals = list(self.controller.arrivals_s)
        self.controller.arrivals_s.clear()
        return arrivals
