"""A camera over the graph."""

from __future__ import annotations

from contextlib import ExitStack

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image, TimeReference

from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import BorderError, DeviceError
from robolearn.nodes import topics
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.messages import to_frame
from robolearn.nodes.stamps import to_ns


class RosCamera:
    """Implements ``Camera``. In lock-step it waits for the frame that is the newest one at this very time."""

    def __init__(self, link: Link, clock: RosClock, spec: CameraSpec) -> None:
        self._link, self._clock, self._spec = link, clock, spec
        self._image_topic = topics.IMAGE.of(spec.name)
        self._newest_topic = topics.NEWEST_FRAME.of(spec.name)
        self._connection: ExitStack | None = None
        self._image: Image | None = None
        self._image_ns = 0
        self._newest: TimeReference | None = None

    @property
    def spec(self) -> CameraSpec:
        """As the station's file says."""
        return self._spec

    def connect(self) -> None:
        """Wait for a frame. Raises DeviceError if there is none, or of another size, frame or encoding."""
        if self._connection is not None:
            return
        with ExitStack() as stack:
            stack.enter_context(self._link.listening(self._image_topic, self._hear_image))
            if self._clock.lock_step:
                stack.enter_context(self._link.listening(self._newest_topic, self._hear_newest))
            try:
                self._link.expect_publisher(self._image_topic)
                self._link.wait(lambda: self._image, f"topic {self._image_topic.name}", self._clock.ask_again)
                self._frame()
            except BorderError as error:
                raise DeviceError(str(error)) from error
            self._connection = stack.pop_all()

    def close(self) -> None:
        """Hear no more of it; may be called twice, and before connect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._image = self._newest = None

    def read(self) -> Frame:
        """Newest frame. Raises BorderError for one that does not fit, DeviceError if one has got lost."""
        if self._connection is None:
            raise DeviceError(f"camera {self._spec.name} over ROS is not connected: call connect() first")
        if self._clock.lock_step:
            now_ns = self._clock.now_ns()
            self._link.wait(lambda: self._is_newest_at(now_ns) or None, f"topic {self._image_topic.name} of this time")
        frame = self._frame()
        self._clock.wait_for(frame.stamp_ns)
        return frame

    def _is_newest_at(self, now_ns: int) -> bool:
        newest, image = self._newest, self._image
        if newest is None or image is None or to_ns(newest.header.stamp) < now_ns:
            return False
        due: Time = newest.time_ref
        return bool(image.header.stamp == due)

    def _frame(self) -> Frame:
        with self._link.arrived:
            image, stamp_ns = self._image, self._image_ns
        if image is None:
            raise DeviceError(f"topic {self._image_topic.name}: nothing has come yet")
        return to_frame(image, self._image_topic.name, self._spec, stamp_ns)

    def _hear_image(self, message: Image) -> None:
        self._image, self._image_ns = message, self._link.stamps.internal(message.header.stamp)

    def _hear_newest(self, message: TimeReference) -> None:
        self._newest = message
