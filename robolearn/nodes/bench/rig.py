"""The cell under test: the real nodes of an arm on a virtual bus and of two cameras of 640x480 at 30 Hz."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import yaml

from robolearn.bench.emulated import EmulatedDevice
from robolearn.config import find
from robolearn.contracts import Image
from robolearn.nodes.up.child import Child, end_all
from robolearn.nodes.up.rules import argument
from robolearn.nodes.up.setups import Wanted, starts

STATION, TASK = "so101_virtual", "lift_cube"
CAMERAS = ("front", "wrist")
WIDTH, HEIGHT, FPS = 640, 480, 30
FRAMES = 256  # of the video, which is played again and again
BITS, SIDE = 8, 32  # of a frame's number, each a square of so many pixels
ANSWER_S = 5.0  # of the arm to the gate, on a busy machine
NODES = ("arm_node", "camera_node", "safety_node")


def numbered(number: int) -> Image:
    """A picture (H, W, 3) with its number in the squares of its upper edge."""
    across = np.linspace(0, 255, WIDTH, dtype=np.uint8)
    picture = np.repeat(np.broadcast_to(across, (HEIGHT, WIDTH))[:, :, None], 3, axis=2).copy()
    cv2.circle(picture, (2 * number + 40, 300), 40, (30, 200, 90), -1)
    for bit in range(BITS):
        picture[:SIDE, bit * SIDE : (bit + 1) * SIDE] = 255 * (number >> bit & 1)
    return picture


def number_of(picture: Image) -> int:
    """The number that a picture shows."""
    middles = picture[SIDE // 2, SIDE // 2 : BITS * SIDE : SIDE, 0]
    return int(sum(1 << bit for bit, value in enumerate(middles) if value > 127))


def write_station(folder: Path, port: Path) -> Path:
    """The shipped virtual station, with videos as cameras and the arm at ``port``. Returns its file."""
    film = folder / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for number in range(FRAMES):
        writer.write(numbered(number))
    writer.release()
    station = yaml.safe_load(find("stations", STATION).read_text(encoding="utf-8"))
    station["cameras"] = {name: {"width": WIDTH, "height": HEIGHT, "fps": FPS} for name in CAMERAS}
    devices = station["devices"]
    devices["arm"]["port"] = str(port)
    devices["cameras"] = {name: {"driver": "file", "path": str(film)} for name in CAMERAS}
    devices["scene"] = {"driver": "free", "rearms_unseen": True}
    path = folder / "station.yaml"
    path.write_text(yaml.safe_dump(station), encoding="utf-8")
    return path


@contextmanager
def virtual_arm() -> Iterator[Path]:
    """The port of an arm on a virtual bus. A real one would take no processor: this one does so on both sides."""
    with tempfile.TemporaryDirectory(prefix="robolearn-") as folder:
        port = Path(folder) / "port"
        with EmulatedDevice("so101", "--port", str(port), "--held", "--task", TASK):
            yield port


@contextmanager
def running_cell(namespace: str, port: Path) -> Iterator[tuple[Path, Sequence[Child]]]:
    """The station's file and its nodes, as processes that ``robolearn up`` would start; ended at the end."""
    with tempfile.TemporaryDirectory(prefix="robolearn-") as name:
        folder = Path(name)
        station = write_station(folder, port)
        wanted = Wanted("cell", str(station), namespace, (argument("task", TASK), argument("answer_s", ANSWER_S)))
        children = [Child(start, folder, "warn") for start in starts(wanted) if start.entry.name in NODES]
        try:
            for child in children:
                child.start()
            yield station, children
        finally:
            end_all(children)
