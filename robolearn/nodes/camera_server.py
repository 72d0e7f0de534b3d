"""Streams a camera on the graph: each new frame once, with its true stamp, and its intrinsics beside it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from sensor_msgs.msg import CameraInfo, TimeReference
from std_msgs.msg import Header

from calibration import artefacts
from calibration.intrinsics import Intrinsics
from robolearn.contracts import Camera, CameraSpec
from robolearn.errors import ConfigError
from robolearn.nodes import topics
from robolearn.nodes.device import DeviceNode
from robolearn.nodes.health import Stream
from robolearn.nodes.messages import from_frame
from robolearn.station import StationConfig


@runtime_checkable
class Pinhole(Protocol):
    """A camera that knows its optics, because somebody made them up: it looks through a hole in its middle."""

    @property
    def focal_length_px(self) -> float:
        """The same along rows and columns."""


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


def intrinsics_of(camera: Camera, station: StationConfig) -> Intrinsics | None:
    """Those of a twin by its making, those of a real camera from its newest calibration; None if there is none.

    Raises ConfigError if the calibration is damaged, or of pictures of another size."""
    spec = camera.spec
    if isinstance(camera, Pinhole):
        focal_px, middle_px = camera.focal_length_px, ((spec.width - 1) / 2, (spec.height - 1) / 2)
        return Intrinsics(spec.width, spec.height, focal_px, focal_px, *middle_px, (0.0,) * 5)
    if station.calibration is None:
        return None
    found = artefacts.find(artefacts.folder_of(station.name, station.calibration), spec.name, Intrinsics)
    if found is None:
        return None
    size, calibrated = (spec.width, spec.height), (found.result.width, found.result.height)
    if size != calibrated:
        raise ConfigError(
            f"camera {spec.name}: calibrated at {calibrated[0]}x{calibrated[1]}, the station's file says "
            f"{size[0]}x{size[1]}: calibrate it at that size with robolearn calibrate intrinsics"
        )
    return found.result


def _info(spec: CameraSpec, intrinsics: Intrinsics | None) -> CameraInfo:
    """CameraInfo of a camera; without intrinsics its matrices are zero, which says that it is not calibrated."""
    info = CameraInfo(width=spec.width, height=spec.height)
    if intrinsics is None:
        return info
    matrix = intrinsics.matrix
    info.distortion_model = "plumb_bob"
    info.d = list(intrinsics.distortion)
    info.k = matrix.ravel().tolist()
    info.r = np.eye(3).ravel().tolist()
    info.p = np.column_stack([matrix, np.zeros(3)]).ravel().tolist()
    return info
