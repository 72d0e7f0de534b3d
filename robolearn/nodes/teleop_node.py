"""The teleoperation device of a station on the graph."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from robolearn.backends import backend_of, load_station, load_task
from robolearn.errors import DeviceError
from robolearn.nodes.base import TableNode, run
from robolearn.nodes.teleop_server import TeleopServer

RETRY_S = 1.0


class TeleopNode(TableNode):
    """Streams what the person does. A device that is lost is named, and opened again when it is back."""

    def __init__(self) -> None:
        """Raises ConfigError."""
        super().__init__("teleop_node")
        station, rate_hz = load_station(self.text("station")), self.number("rate_hz")
        backend = backend_of(station)
        self._world = backend.world(station, load_task(self.text("task")))  # none of its devices is opened
        self._teleop = backend.person(self._world, station)
        self._server = TeleopServer(self, self._teleop, rate_hz)
        self._open = False
        self._connect()
        self.every(RETRY_S, self._connect)
        self.every(1.0 / rate_hz, self._publish)

    def state(self) -> Mapping[str, object]:
        """Whether the device is there."""
        return {"open": self._open}

    def close(self) -> None:
        """Release the device."""
        self._teleop.close()
        self._world.close()

    def _connect(self) -> None:
        if self._open:
            return
        try:
            self._teleop.connect()
            self._open = True
        except DeviceError as error:
            self.health.error(str(error))

    def _publish(self) -> None:
        if not self._open:
            return
        try:
            self._server.publish(self.now_ns())
        except DeviceError as error:
            self._open = False
            self._teleop.close()
            self.health.error(str(error))


def main() -> int:
    """Run the node. Returns an exit status."""
    return run(TeleopNode)


if __name__ == "__main__":
    sys.exit(main())
