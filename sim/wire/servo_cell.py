"""A virtual servo arm in its cell: bus on a serial port, cameras, and a control channel for whoever tests.

The control channel knows: ``faults`` (of the line), ``camera_faults`` (with ``camera``), ``power`` (``on``),
``register`` (``servo`` by its place on the arm, ``name``, ``size``, ``value``: what a tool for servos would do),
``status`` (``servo``, ``name``, ``on``), ``garble`` (``servo``, ``on``: its answers arrive wrong), ``plug``
(``servo``, ``on``), ``reset`` (``seed``, ``task``) and ``truth``. The log of the truth has a row for each step of
physics: time [s, monotonic], joints of the servos [rad], their speeds [rad/s], and writes so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from sim.scene import Scene
from sim.wire.bytelog import ByteLog
from sim.wire.camera_faults import CameraFaults, faulty
from sim.wire.camera_servers import Serve
from sim.wire.cell import CellCameras, VirtualCell
from sim.wire.control import ControlChannel, knobs
from sim.wire.line import Line, LineFaults
from sim.wire.pty import PtyPort
from sim.wire.realtime import RealTime
from sim.wire.wired_arm import WiredArm

ACTUATORS = (*JOINTS, "gripper")
TICK_S = 0.01
PACKET_GAP_S = 0.004  # a packet that stops for so long is given up, and the next byte begins a new one


Build = Callable[[Scene, Sequence[int]], WiredArm]  # of a scene and the mountings of its servos


@dataclass(frozen=True)
class ServoCellSettings:
    """What a virtual servo arm is made of."""

    port: Path
    serve: Serve  # the cameras
    control: Path | None = None
    cameras: tuple[CameraSpec, ...] = ()
    held: bool = False  # the torque is on from the start, as another program has left it
    mounting_seed: int | None = None  # horns are mounted at random teeth; None: as the maker says
    bytes_log: Path | None = None
    truth_log: Path | None = None
    seed: int = 0


class ServoCell:
    """A context manager: the arm is there inside."""

    def __init__(self, settings: ServoCellSettings, task: TaskConfig, build: Build) -> None:
        """Raises ConfigError for a task or camera that the twin has not."""
        self._settings, self._task = settings, task
        self._cell = VirtualCell(task.twin.read(TwinTask), settings.cameras)
        self._cell.reset(settings.seed)
        self._arm = build(self._cell.scene, _mountings(settings.mounting_seed))
        self._arm.settle()
        if settings.held:
            self._arm.hold()
        self._line = Line(LineFaults(), settings.seed)
        self._camera_faults = {camera.name: CameraFaults() for camera in settings.cameras}
        self._real = RealTime(self._step, float(self._cell.scene.model.opt.timestep), TICK_S)
        self._received = bytearray()
        self._received_s = 0.0
        self._stack = ExitStack()
        self._truth: Any = None
        self._log = ByteLog(None)
        self.cameras_at = ""  # how they are found; empty while there are none

    def __enter__(self) -> ServoCell:
        settings, enter = self._settings, self._stack.enter_context
        with ExitStack() as undo:
            undo.push(self._stack)
            if settings.truth_log is not None:
                self._truth = enter(settings.truth_log.open("wb"))
            self._log = enter(ByteLog(settings.bytes_log))
            enter(self._real)
            if settings.cameras:
                views = enter(CellCameras(self._cell, self._real)).cameras
                served = settings.serve(faulty(views, self._camera_faults), settings.cameras)
                enter(served.server)
                self.cameras_at = served.where
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
            row = [self._real.reached_s, *joints.position_rad, *joints.velocity_rad_s, self._arm.commands]
            self._truth.write(np.array(row).tobytes())

    def _receive(self, data: bytes, baud: int) -> None:
        """Bytes have come over the wire. Physics first catches up with the time of their arrival."""
        now_s = time.monotonic()
        if now_s - self._received_s > PACKET_GAP_S:
            self._received.clear()
        self._received += data
        self._received_s = now_s
        with self._real.lock:
            self._real.catch_up()
            self._arm.receive(self._received, baud, self._line, now_s)

    def _deeds(self) -> dict[str, Any]:
        return {
            "faults": knobs(self._line.faults),
            "camera_faults": self._turn_camera,
            "power": self._power,
            "register": self._set_register,
            "status": self._set_status,
            "garble": self._garble,
            "plug": self._plug,
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
        self._change(self._arm.set_register, servo, name, size, value)

    def _set_status(self, servo: int, name: str, on: bool) -> None:
        self._change(self._arm.set_status, servo, name, on)

    def _garble(self, servo: int, on: bool) -> None:
        _require_servo(servo)
        with self._real.lock:
            self._arm.garble(servo, on)

    def _plug(self, servo: int, on: bool) -> None:
        _require_servo(servo)
        with self._real.lock:
            self._arm.plug(servo, on)

    def _change(self, change: Callable[..., None], servo: int, name: str, *values: int) -> None:
        _require_servo(servo)
        try:
            with self._real.lock:
                change(servo, name, *values)
        except KeyError as error:
            raise BorderError(f"servos have no {name}") from error

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


def _require_servo(servo: int) -> None:
    if not 0 <= servo < len(ACTUATORS):
        raise BorderError(f"there is no servo {servo}: they are 0 to {len(ACTUATORS) - 1}, from the base on")


def _mountings(seed: int | None) -> Sequence[int]:
    """Steps from the encoder's middle at which each joint is at zero."""
    if seed is None:
        return [0] * len(ACTUATORS)
    return [int(steps) for steps in np.random.default_rng(seed).integers(-700, 700, len(ACTUATORS))]
