"""By what virtual cameras are served: network cameras on a port, or USB cameras in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from robolearn.contracts import CameraSpec, Frame
from robolearn.mjpeg import MjpegServer, PictureServer
from sim.wire.rtsp import RtspServer
from sim.wire.v4l2.preload import build
from sim.wire.v4l2.server import V4l2Cameras

Cameras = Mapping[str, Callable[[], Frame | None]]  # newest frame of each; see MjpegServer


class Service(NamedTuple):
    """Cameras that are there for programs while ``server`` is entered."""

    server: AbstractContextManager[Any]
    where: str  # said to a person


Serve = Callable[[Cameras, Sequence[CameraSpec]], Service]


def by_mjpeg(port: int) -> Serve:
    """Over HTTP; port 0 takes any that is free."""
    return lambda cameras, specs: _over_network(MjpegServer(cameras, _fps(specs), port=port), specs)


def by_rtsp(port: int) -> Serve:
    """Over RTSP; port 0 takes any that is free."""
    return lambda cameras, specs: _over_network(RtspServer(cameras, _fps(specs), port=port), specs)


def by_v4l2(folder: Path) -> Serve:
    """As device files of Video4Linux."""

    def serve(cameras: Cameras, specs: Sequence[CameraSpec]) -> Service:
        server = V4l2Cameras(cameras, specs, folder)
        devices = ", ".join(str(server.address(spec.name)) for spec in specs)
        return Service(server, f"{devices} for programs that start with LD_PRELOAD={build(folder)}")

    return serve


def _over_network(server: PictureServer, specs: Sequence[CameraSpec]) -> Service:
    return Service(server, ", ".join(server.address(spec.name) for spec in specs))


def _fps(specs: Sequence[CameraSpec]) -> float:
    return max(spec.fps for spec in specs)
