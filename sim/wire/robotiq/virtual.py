"""The virtual gripper alone, on a serial port, moved by the twin's physics."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from types import TracebackType

import mujoco

from robolearn.descriptions import description
from sim.wire.bytelog import ByteLog
from sim.wire.control import ControlChannel, knobs
from sim.wire.fingers import Fingers
from sim.wire.line import Line, LineFaults
from sim.wire.pty import PtyPort
from sim.wire.realtime import RealTime
from sim.wire.robotiq.gripper import Gripper
from sim.wire.robotiq.rtu import RtuChannel

PERIOD_S, TICK_S = 0.002, 0.01
BITS_PER_BYTE = 10


class VirtualRobotiq:
    """A context manager: the gripper serves its port inside."""

    def __init__(self, port: Path, control: Path | None, log: Path | None) -> None:
        """Raises DeviceError if the port or the control socket cannot be made."""
        self._model = mujoco.MjModel.from_xml_path(str(description("ur5e_2f85")))
        self._model.opt.timestep = PERIOD_S
        self._model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self._data = mujoco.MjData(self._model)
        self.gripper = Gripper(Fingers(self._model, self._data))
        self.faults = LineFaults()
        self._line = Line(self.faults)
        self._channel = RtuChannel(self.gripper)
        self._real = RealTime(self._step, PERIOD_S, TICK_S)
        self._port, self._control, self._log = port, control, log
        self._opened = contextlib.ExitStack()

    def __enter__(self) -> VirtualRobotiq:
        with contextlib.ExitStack() as opened:
            log = opened.enter_context(ByteLog(self._log))
            opened.enter_context(self._real)
            opened.enter_context(PtyPort(self._port, self._line, log, self._receive))
            if self._control is not None:
                opened.enter_context(ControlChannel(self._control, {"faults": knobs(self.faults)}))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def _step(self) -> None:
        self.gripper.step(PERIOD_S)
        mujoco.mj_step(self._model, self._data)

    def _receive(self, data: bytes, baud: int) -> None:
        with self._real.lock:
            answer = self._channel.receive(data)
        if answer:
            wire_s = len(answer) * BITS_PER_BYTE / baud if baud else 0.0
            self._line.put(answer, time.monotonic() + wire_s)
