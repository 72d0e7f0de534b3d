"""A virtual SO-101 in its cell: servo bus on a serial port, cameras over HTTP, and a control channel for whoever tests.

The control channel knows: ``faults`` (of the line), ``camera_faults`` (with ``camera``), ``power`` (``on``),
``register`` (``servo`` by its place on the arm, ``name``, ``size``, ``value``: what a tool for servos would do),
``status`` (``servo``, ``name``, ``on``), ``reset`` (``seed``, ``task``) and ``truth``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from robolearn.contracts import CameraSpec
from robolearn.errors import BorderError, unknown
from robolearn.task import TaskConfig
from sim.arm import JOINTS
from sim.config import TwinTask
from sim.wire.bytelog import ByteLog
from sim.wire.cell import CellCameras, VirtualCell
from sim.wire.control import ControlChannel, knobs
from sim.wire.line import Line, LineFaults
from sim.wire.mjpeg import CameraFaults, serve
from sim.wire.pty import PtyPort
from sim.wire.realtime import RealTime
from sim.wire.sts.arm import StsArm
from sim.wire.sts.packets import split
from sim.wire.sts.servo import Register, Status

ACTUATORS = (*JOINTS, "gripper")
TICK_S = 0.01
TRUTH_COLUMNS = 1 + 2 * len(ACTUATORS)  # time [s], joints [rad], joint speeds [rad/s]


@dataclass(frozen=True)
class So101Settings:
    """What a virtual SO-101 is made of."""

    port: Path
    control: Path | None = None
    cameras: tuple[CameraSpec, ...] = ()
    camera_port: int = 0
    held: bool = False  # the torque is on from the start, as another program has left it
    mounting_seed: int | None = None  # horns are mounted at random teeth; None: as the maker says
    bytes_log: Path | None = None
    truth_log: Path | None = None
    seed: int = 0


class VirtualSo101:
    """A context manager: the arm is there inside."""

    def __init__(self, settings: So101Settings, task: TaskConfig) -> None:
        """Raises ConfigError for a task or camera that the twin has not."""
        self._settings, self._task = settings, task
        self._cell = VirtualCell(task.twin.read(TwinTask), settings.cameras)
        self._cell.reset(settings.seed)
        self._arm = StsArm(self._cell.scene, ACTUATORS, _mountings(settings.mounting_seed))
        self._arm.settle()
        if settings.held:
            self._write_all(Register.TORQUE_ENABLE, 1)
        self._line = Line(LineFaults(), settings.seed)
        self._camera_faults = {camera.name: CameraFaults() for camera in settings.cameras}
        self._real = RealTime(self._step, float(self._cell.scene.model.opt.timestep), TICK_S)
        self._received = bytearray()
        self._stack = ExitStack()
        self._truth: Any = None
        self._log = ByteLog(None)
        self.camera_url: str | None = None

    def __enter__(self) -> VirtualSo101:
        settings, enter = self._settings, self._stack.enter_context
        with ExitStack() as undo:
            undo.push(self._stack)
            if settings.truth_log is not None:
                self._truth = enter(settings.truth_log.open("wb"))
            self._log = enter(ByteLog(settings.bytes_log))
            enter(self._real)
            if settings.cameras:
                views = enter(CellCameras(self._cell, self._real)).cameras
                fps = max(camera.fps for camera in settings.cameras)
                self.camera_url = enter(serve(views, fps, self._camera_faults, settings.camera_port)).url
            enter(PtyPort(settings.port, self._line, self._log, self._receive))
            if settings.control is not None:
                enter(ControlChannel(settings.control, self._deeds()))
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def _step(self) -> None:
        self._arm.step()
        if self._truth is not None:
            joints = self._arm.joints
            row = np.concatenate([[self._real.reached_s], joints.position_rad, joints.velocity_rad_s])
            self._truth.write(row.tobytes())

    def _receive(self, data: bytes, baud: int) -> None:
        """Bytes have come over the wire. Physics first catches up with the time of their arrival."""
        now_s = time.monotonic()
        self._received += data
        with self._real.lock:
            self._real.catch_up()
            for request in split(self._received):
                for reply in self._arm.handle(request, baud):
                    self._line.put(reply.data, now_s + reply.delay_s)

    def _deeds(self) -> dict[str, Any]:
        return {
            "faults": knobs(self._line.faults),
            "camera_faults": self._turn_camera,
            "power": self._power,
            "register": self._set_register,
            "status": self._set_status,
            "reset": self._reset,
            "truth": self._tell_truth,
        }

    def _turn_camera(self, camera: str, **changes: Any) -> Any:
        if camera not in self._camera_faults:
            raise BorderError(unknown("camera", camera, self._camera_faults))
        return knobs(self._camera_faults[camera])(**changes)

    def _power(self, on: bool) -> None:
        with self._real.lock:
            self._arm.power(on)

    def _set_register(self, servo: int, name: str, size: int, value: int) -> None:
        if name not in Register.__members__:
            raise BorderError(unknown("register", name, Register.__members__))
        with self._real.lock:
            self._arm.servos[servo].put(Register[name], size, value)
            self._arm.take_over()

    def _set_status(self, servo: int, name: str, on: bool) -> None:
        if name not in Status.__members__:
            raise BorderError(unknown("status", name, Status.__members__))
        with self._real.lock:
            status = self._arm.servos[servo].status
            self._arm.servos[servo].status = status | Status[name] if on else status & ~Status[name]
            self._arm.take_over()

    def _reset(self, seed: int, task: str) -> dict[str, Any]:
        if task != self._task.name:
            raise BorderError(f"this cell was started for the task {self._task.name}, not {task}: start it with --task")
        with self._real.lock:
            drawn = self._cell.reset(seed)
            self._arm.settle()
        return drawn

    def _tell_truth(self) -> dict[str, Any]:
        with self._real.lock:
            self._real.catch_up()
            return {
                "time_s": time.monotonic(),
                "slipped_s": self._real.slipped_s,
                "joint_position_rad": dict(zip(ACTUATORS, self._arm.joints.position_rad.tolist(), strict=True)),
                "torque": self._arm.joints.enabled.tolist(),
                "succeeded": self._cell.succeeded(),
            }

    def _write_all(self, register: Register, value: int) -> None:
        for servo in self._arm.servos:
            servo.write(register, bytes([value]))
        self._arm.take_over()


def _mountings(seed: int | None) -> Sequence[int]:
    """Steps from the encoder's middle at which each joint is at zero."""
    if seed is None:
        return [0] * len(ACTUATORS)
    return [int(steps) for steps in np.random.default_rng(seed).integers(-700, 700, len(ACTUATORS))]
