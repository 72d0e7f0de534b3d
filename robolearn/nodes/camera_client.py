"""A camera over the graph."""

from __future__ import annotations

from contextlib import ExitStack

from sensor_msgs.msg import TimeReference

from robolearn.contracts import CameraSpec, Frame
from robolearn.errors import DeviceError
from robolearn.nodes import topics
from robolearn.nodes.clock_client import RosClock
from robolearn.nodes.link import Link
from robolearn.nodes.listener import Listener
from robolearn.nodes.raw_pictures import stamp_of, to_frame
from robolearn.nodes.stamps import to_ns


class RosCamera(Listener):
    """Implements ``Camera``. In lock-step it waits for the frame that is the newest one at this very time."""

    def __init__(self, link: Link, clock: RosClock, spec: CameraSpec) -> None:
        super().__init__(link, clock, f"camera {spec.name}")
        self._spec = spec
        self._image_topic = topics.IMAGE.of(spec.name)
        self._newest_topic = topics.NEWEST_FRAME.of(spec.name)
        self._image: bytes | None = None  # unpacked when it is read: most are not
        self._image_ns = 0
        self._newest: TimeReference | None = None

    @property
    def spec(self) -> CameraSpec:
        """As the station's file says."""
        return self._spec

    @property
    def newest_ns(self) -> int:
        """Stamp of the newest frame [ns], 0 before the first; cheaper than the frame, and good to wait for."""
        return self._image_ns

    def read(self) -> Frame:
        """Newest frame. Raises BorderError for one that does not fit, DeviceError if one has got lost."""
        self._require_connected()
        if self._clock.lock_step:
            now_ns = self._clock.now_ns()
            self._link.wait(lambda: self._is_newest_at(now_ns) or None, f"topic {self._image_topic.name} of this time")
        frame = self._frame()
        self._clock.wait_for(frame.stamp_ns)
        return frame

    def _listen(self, stack: ExitStack) -> None:
        stack.enter_context(self._link.listening(self._image_topic, self._hear_image, raw=True))
        if self._clock.lock_step:
            stack.enter_context(self._link.listening(self._newest_topic, self._hear_newest))
        self._link.expect_publisher(self._image_topic)
        self._link.wait(lambda: self._image, f"topic {self._image_topic.name}", self._clock.ask_again)
        self._frame()

    def _forget(self) -> None:
        self._image = self._newest = None

    def _is_newest_at(self, now_ns: int) -> bool:
        newest, image = self._newest, self._image
        if newest is None or image is None or to_ns(newest.header.stamp) < now_ns:
            return False
        return bool(stamp_of(image) == newest.time_ref)

    def _frame(self) -> Frame:
        with self._link.arrived:
            image, stamp_ns = self._image, self._image_ns
        if image is None:
            raise DeviceError(f"topic {self._image_topic.name}: nothing has come yet")
        return to_frame(image, self._image_topic.name, self._spec, stamp_ns)

    def _hear_image(self, message: bytes) -> None:
        self._image, self._image_ns = message, self._link.stamps.internal(stamp_of(message))

    def _hear_newest(self, message: TimeReference) -> None:
        self._newest = message
