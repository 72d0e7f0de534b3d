"""One camera of a station on the graph."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from robolearn.errors import BorderError, ConfigError, DeviceError, unknown
from robolearn.nodes.base import run
from robolearn.nodes.camera_server import CameraServer, intrinsics_of
from robolearn.nodes.cell import real_cell
from robolearn.nodes.device import DeviceNode, told_by

LOOKS_PER_FRAME = 3  # a frame waits for the next look at most a third of its period


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
        self.every(1.0 / (LOOKS_PER_FRAME * self._camera.spec.fps), self._tick)

    def open_device(self) -> None:
        """Raises DeviceError."""
        self._camera.connect()

    def state(self) -> Mapping[str, object]:
        """Also what the camera tells of itself."""
        return {**super().state(), **(told_by(self._camera) if self.active else {})}

    def close_device(self) -> None:
        """Let go of the camera."""
        self._camera.close()

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
