"""One camera of a station on the graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from robolearn.errors import BorderError, ConfigError, DeviceError, unknown
from robolearn.nodes.base import run
from robolearn.nodes.camera_server import CameraServer, intrinsics_of
from robolearn.nodes.cell import real_cell
from robolearn.nodes.device import DeviceNode, told_by

LOOKS_PER_FRAME = 3  # a frame waits for the next look at most a third of its period
LOOK_S = 0.1  # at a camera that calls by itself, in case it has failed


@runtime_checkable
class Announces(Protocol):
    """A camera that says when it has a new picture: nobody has to keep looking, and no picture waits."""

    def on_picture(self, call: Callable[[], None]) -> None:
        """Have ``call`` called, from any thread, whenever there is one."""


class CameraNode(DeviceNode):
    """Publishes each new frame of its camera."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("camera_node")
        station, world = real_cell(self)
        name = self.text("camera")
        if name not in world.cameras:
            raise ConfigError(f"station {station.name}: {unknown('camera', name, world.cameras)}")
        self._camera = world.cameras[name]
        self._server = CameraServer(self, self._camera, intrinsics_of(self._camera, station), lock_step=False)
        self.every(self._look_s(), self._tick)

    def open_device(self) -> None:
        """Raises DeviceError."""
        self._camera.connect()

    def state(self) -> Mapping[str, object]:
        """Also what the camera tells of itself."""
        return {**super().state(), **(told_by(self._camera) if self.active else {})}

    def close_device(self) -> None:
        """Let go of the camera."""
        self._camera.close()

    def _look_s(self) -> float:
        """How often to look for a picture [s]."""
        if isinstance(self._camera, Announces):
            self._camera.on_picture(self.create_guard_condition(self._tick).trigger)
            return LOOK_S
        return 1.0 / (LOOKS_PER_FRAME * self._camera.spec.fps)

    def _tick(self) -> None:
        if not self.active:
            return
        try:
            self._server.publish(self.now_ns())
            self.works()
        except (BorderError, DeviceError) as error:
            self.fails(error)


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(CameraNode)


if __name__ == "__main__":
    sys.exit(main())
