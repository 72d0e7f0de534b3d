"""Virtual cameras that look at the twin of a task, for a cell whose arm comes from elsewhere."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import mujoco

from robolearn.contracts import CameraSpec
from robolearn.errors import BorderError, unknown
from robolearn.task import TaskConfig
from sim.config import TwinTask
from sim.wire.camera_faults import CameraFaults, faulty
from sim.wire.camera_servers import Serve
from sim.wire.cell import CellCameras, VirtualCell
from sim.wire.control import ControlChannel, knobs
from sim.wire.realtime import RealTime

TICK_S = 0.02


class CamerasSettings(NamedTuple):
    """What virtual cameras are, and how they are served."""

    cameras: tuple[CameraSpec, ...]
    serve: Serve
    control: Path | None
    seed: int


class VirtualCameras:
    """A context manager: the cameras are there inside, and ``where`` says how they are found."""

    def __init__(self, settings: CamerasSettings, task: TaskConfig) -> None:
        """Raises ConfigError for a camera that the twin has not."""
        self._settings = settings
        self._cell = VirtualCell(task.twin.read(TwinTask), settings.cameras)
        self._cell.reset(settings.seed)
        self._faults = {camera.name: CameraFaults() for camera in settings.cameras}
        scene = self._cell.scene
        self._real = RealTime(lambda: mujoco.mj_step(scene.model, scene.data), scene.model.opt.timestep, TICK_S)
        self._stack = ExitStack()
        self.where = ""

    def __enter__(self) -> VirtualCameras:
        settings, enter = self._settings, self._stack.enter_context
        with ExitStack() as undo:
            undo.push(self._stack)
            enter(self._real)
            views = enter(CellCameras(self._cell, self._real)).cameras
            served = settings.serve(faulty(views, self._faults), settings.cameras)
            enter(served.server)
            self.where = served.where
            if settings.control is not None:
                enter(ControlChannel(settings.control, {"faults": self._turn, "reset": self._reset}))
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def _turn(self, camera: str, **changes: Any) -> Any:
        if camera not in self._faults:
            raise BorderError(unknown("camera", camera, self._faults))
        return knobs(self._faults[camera])(**changes)

    def _reset(self, seed: int) -> dict[str, Any]:
        with self._real.lock:
            return self._cell.reset(seed)
