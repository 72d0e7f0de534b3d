"""Virtual network cameras that look at the twin of a task, for a cell whose arm comes from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import mujoco

from robolearn.contracts import CameraSpec
from robolearn.errors import BorderError, unknown
from robolearn.task import TaskConfig
from sim.config import TwinTask
from sim.wire.cell import CellCameras, VirtualCell
from sim.wire.control import ControlChannel, knobs
from sim.wire.mjpeg import CameraFaults, serve
from sim.wire.realtime import RealTime

TICK_S = 0.02


class CamerasSettings(NamedTuple):
    """How virtual cameras are served."""

    cameras: tuple[CameraSpec, ...]
    port: int
    control: Path | None
    seed: int


class VirtualCameras:
    """A context manager: ``url``/NAME.mjpeg is there inside, for each camera."""

    def __init__(self, settings: CamerasSettings, task: TaskConfig) -> None:
        """Raises ConfigError for a camera that the twin has not."""
        self._settings = settings
        self._cell = VirtualCell(task.twin.read(TwinTask), settings.cameras)
        self._cell.reset(settings.seed)
        self._faults = {camera.name: CameraFaults() for camera in settings.cameras}
        scene = self._cell.scene
        self._real = RealTime(lambda: mujoco.mj_step(scene.model, scene.data), scene.model.opt.timestep, TICK_S)
        self._stack = ExitStack()
        self.url = ""

    def __enter__(self) -> VirtualCameras:
        settings, enter = self._settings, self._stack.enter_context
        with ExitStack() as undo:
            undo.push(self._stack)
            enter(self._real)
            views = enter(CellCameras(self._cell, self._real)).cameras
            fps = max(camera.fps for camera in settings.cameras)
            self.url = enter(serve(views, fps, self._faults, settings.port)).url
            if settings.control is not None:
                enter(ControlChannel(settings.control, {"faults": self._turn, "reset": self._reset}))
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def addresses(self, cameras: Sequence[CameraSpec]) -> list[str]:
        """Of each camera's stream."""
        return [f"{self.url}/{camera.name}.mjpeg" for camera in cameras]

    def _turn(self, camera: str, **changes: Any) -> Any:
        if camera not in self._faults:
            raise BorderError(unknown("camera", camera, self._faults))
        return knobs(self._faults[camera])(**changes)

    def _reset(self, seed: int) -> dict[str, Any]:
        with self._real.lock:
            return self._cell.reset(seed)
