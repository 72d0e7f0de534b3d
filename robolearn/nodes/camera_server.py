"""Streams a camera on the graph: each new frame once, with its true stamp, and its intrinsics beside it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from sensor_msgs.msg import CameraInfo, TimeReference
from std_msgs.msg import Header

from robolearn.contracts import Camera, CameraSpec
from robolearn.nodes import topics
from robolearn.nodes.device import DeviceNode
from robolearn.nodes.health import Stream
from robolearn.nodes.messages import from_frame


class Intrinsics(NamedTuple):
    """A pinhole [px], and the distortion after it (k1, k2, p1, p2, k3)."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...]


@runtime_checkable
class KnowsIntrinsics(Protocol):
    """A camera that knows its pinhole [px]: a simulated one."""

    @property
    def pinhole_px(self) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy."""


class CameraServer:
    """Stands between one :class:`Camera` and the topics ``camera/<name>/*``."""

    def __init__(self, node: DeviceNode, camera: Camera, intrinsics: Intrinsics | None, lock_step: bool) -> None:
        name = camera.spec.name
        self._node, self._camera = node, camera
        self._info = _info(camera.spec, intrinsics)
        self._image_to = node.publisher(topics.IMAGE, name)
        self._info_to = node.publisher(topics.CAMERA_INFO, name)
        self._newest_to = node.publisher(topics.NEWEST_FRAME, name) if lock_step else None
        self._last_ns: int | None = None
        self._stream = node.health.streams.setdefault(topics.IMAGE.of(name).name, Stream(camera.spec.fps))

    def publish(self, now_ns: int, again: bool = False) -> None:
        """Publish the newest frame if it has not been yet, or ``again``. Raises DeviceError."""
        frame = self._camera.read()
        if again or frame.stamp_ns != self._last_ns:
            self._last_ns = frame.stamp_ns
            image = from_frame(frame, self._camera.spec, self._node.stamps)
            self._info.header = image.header
            self._image_to.publish(image)
            self._info_to.publish(self._info)
            self._stream.note(frame.stamp_ns, now_ns)
        if self._newest_to is not None:
            stamps = self._node.stamps
            newest = TimeReference(header=Header(stamp=stamps.header(now_ns)), source=self._camera.spec.name)
            newest.time_ref = stamps.header(frame.stamp_ns)
            self._newest_to.publish(newest)


def known_intrinsics(camera: Camera) -> Intrinsics | None:
    """Those that a simulated camera has by its making; None for a real one, which has to be calibrated."""
    return Intrinsics(*camera.pinhole_px, (0.0,) * 5) if isinstance(camera, KnowsIntrinsics) else None


def _info(spec: CameraSpec, intrinsics: Intrinsics | None) -> CameraInfo:
    """CameraInfo of a camera; without intrinsics its matrices are zero, which says that it is not calibrated."""
    info = CameraInfo(width=spec.width, height=spec.height)
    if intrinsics is None:
        return info
    fx, fy, cx, cy, distortion = intrinsics
    info.distortion_model = "plumb_bob"
    info.d = list(distortion)
    info.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info
