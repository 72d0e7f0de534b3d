"""Streams what a person does on the graph."""

from __future__ import annotations

from typing import Any

from rcl_interfaces.msg import SetParametersResult

from robolearn.actions import KeepsGripper
from robolearn.contracts import Teleop
from robolearn.errors import RobolearnError
from robolearn.nodes import topics
from robolearn.nodes.base import TableNode
from robolearn.nodes.health import Stream
from robolearn.nodes.messages import from_reading

SEED = "seed"


class TeleopServer:
    """Stands between one :class:`Teleop` and the topics ``teleop/*``."""

    def __init__(self, node: TableNode, teleop: Teleop, rate_hz: float) -> None:
        self._node, self._teleop = node, teleop
        self._readings = node.publisher(topics.TELEOP)
        self._stream = node.health.streams.setdefault(topics.TELEOP.name, Stream(rate_hz))
        node.serve(topics.TELEOP_BEGIN, self._begin)
        if isinstance(teleop, KeepsGripper):
            keep = teleop.keep_gripper
            node.listen(topics.KEPT_GRIPPER, lambda message: keep(float(message.data)))

    def publish(self, now_ns: int) -> None:
        """Publish one reading. Raises DeviceError."""
        reading = self._teleop.read()
        self._readings.publish(from_reading(reading, self._node.stamps))
        self._stream.note(reading.stamp_ns, now_ns)

    def on_request(self) -> None:
        """Publish when asked, as for somebody at a twin in lock-step."""
        self._node.serve(topics.TELEOP_READ, self._read)

    def _begin(self, request: Any, response: Any) -> Any:
        try:
            self._teleop.begin(seed_of(request))
            response.results = [SetParametersResult(successful=True)]
        except RobolearnError as error:
            response.results = [SetParametersResult(successful=False, reason=str(error))]
        return response

    def _read(self, request: Any, response: Any) -> Any:
        try:
            self.publish(self._node.now_ns())
            response.success = True
        except RobolearnError as error:
            response.success, response.message = False, str(error)
        return response


def seed_of(request: Any) -> int:
    """The seed that a request to begin or to reset carries; 0 if it carries none."""
    return next((int(one.value.integer_value) for one in request.parameters if one.name == SEED), 0)
