"""An Intel RealSense camera: colour, and depth aligned with it. librealsense runs in a process of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np

from drivers.camera import DrainedCamera
from drivers.realsense_words import HEADER, FeedSettings, Hello
from drivers.table import Cell
from robolearn.config import Key, Section
from robolearn.contracts import CameraSpec, Clock, Float32, Frame
from robolearn.errors import ConfigError, DeviceError

START_S = 30.0
END_S = 2.0


@dataclass(frozen=True)
class RealSenseConfig:
    """A RealSense on USB, or a recording of one. A control that is null is left to the camera."""

    exposure: Annotated[float | None, Key("exposure of the colour sensor in units of librealsense", low=1.0)]
    gain: Annotated[float | None, Key("gain of the colour sensor in units of librealsense", low=0.0)]
    white_balance_k: Annotated[float | None, Key("colour temperature [K]", low=0.0)]
    serial: Annotated[str | None, Key("serial number; null where there is one camera only")] = None
    recording: Annotated[str | None, Key("a .db3 recording, played again and again in place of a camera")] = None
    silence_s: Annotated[float, Key("no picture for so long: start the camera again [s]", low=0.1, high=10.0)] = 1.0
    frozen_s: Annotated[float | None, Key("exactly equal pictures for so long: frozen [s]", low=0.1)] = 2.0

    def __post_init__(self) -> None:
        """Raise ConfigError for settings that a recording cannot have."""
        if self.recording is not None and (self.serial is not None or self.controls()):
            raise ConfigError("a recording has no serial number, exposure, gain or white balance: set them to null")

    def controls(self) -> dict[str, float]:
        """Options of librealsense; an automatic one is switched off before its value is set."""
        controls: dict[str, float] = {}
        if self.exposure is not None:
            controls |= {"enable_auto_exposure": 0.0, "exposure": self.exposure}
        if self.gain is not None:
            controls["gain"] = self.gain
        if self.white_balance_k is not None:
            controls |= {"enable_auto_white_balance": 0.0, "white_balance": self.white_balance_k}
        return controls


class Depth(NamedTuple):
    """One depth picture, pixel by pixel that of the colour frame with the same stamp."""

    stamp_ns: int
    depth_m: Float32  # (H, W) along the optical axis; NaN where nothing was measured


class RealSenseSource:
    """Implements ``Source`` by a child process, which is killed when it hangs."""

    def __init__(self, config: RealSenseConfig, spec: CameraSpec, clock: Clock) -> None:
        self._config, self._spec, self._clock = config, spec, clock
        self._child: subprocess.Popen[bytes] | None = None
        self._words = -1  # file that the child's stderr goes to
        self._hung = False
        self.hello: Hello | None = None
        self.depth: Depth | None = None

    def open(self) -> None:
        """Start the child and wait for the camera's first words. Raises DeviceError."""
        config, spec = self._config, self._spec
        settings = FeedSettings(
            spec.width, spec.height, spec.fps, config.serial, config.recording, config.controls(), config.silence_s,
            reset=self._hung,
        )  # fmt: skip
        command = [sys.executable, "-m", "drivers.realsense_feed", json.dumps(asdict(settings))]
        self._words = os.memfd_create("words of librealsense")
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._words, bufsize=0,
            cwd=Path(__file__).parents[1], start_new_session=True,
        )  # fmt: skip
        self.hello = Hello(**json.loads(self._line(START_S)))
        self._hung = False

    def take(self) -> Frame:
        """Next colour picture; its depth is then in ``depth``. Raises DeviceError if the child is silent or gone."""
        if self._child is None or self.hello is None:
            raise DeviceError("the camera is not started")
        height, width = self._spec.height, self._spec.width
        limit_s = self._config.silence_s + END_S
        written_ns, age_ns = HEADER.unpack(self._bytes(HEADER.size, limit_s))
        rgb = np.frombuffer(self._bytes(3 * height * width, limit_s), np.uint8).reshape(height, width, 3)
        steps = np.frombuffer(self._bytes(2 * height * width, limit_s), np.uint16).reshape(height, width)
        stamp_ns = self._clock.now_ns() - (time.monotonic_ns() - written_ns) - age_ns
        metres = np.where(steps == 0, np.nan, steps * self.hello.depth_scale_m).astype(np.float32)
        self.depth = Depth(stamp_ns, metres)
        return Frame(stamp_ns, rgb)

    def close(self) -> None:
        """End the child, by force if it must be."""
        self.depth = None
        if self._child is None or self._child.stdout is None:
            return
        self._child.stdout.close()  # which tells the child to end
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        os.close(self._words)
        self._child = None

    def _line(self, limit_s: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._bytes(1, limit_s)
        return line

    def _bytes(self, count: int, limit_s: float) -> bytearray:
        """Exactly ``count`` bytes from the child. Raises DeviceError if it is silent for ``limit_s``, or has ended."""
        if self._child is None or self._child.stdout is None:
            raise DeviceError("the camera is not started")
        data = bytearray(count)
        left = memoryview(data)
        pipe = self._child.stdout.fileno()
        while left:
            if not select.select([pipe], [], [], limit_s)[0]:
                self._hung = True
                raise DeviceError(f"librealsense has been silent for {limit_s:g} s")
            got = os.readv(pipe, [left])
            if got == 0:
                raise DeviceError(self._last_words(self._child))
            left = left[got:]
        return data

    def _last_words(self, child: subprocess.Popen[bytes]) -> str:
        """Why the child ended."""
        status = child.wait(END_S)
        self._hung = status != 0
        words = os.pread(self._words, 1 << 16, 0).decode(errors="replace").strip().splitlines()
        return f"librealsense ended ({words[-1] if words else f'status {status}'})"


class RealSense(DrainedCamera):
    """Implements ``Camera``; has depth besides."""

    def __init__(self, config: RealSenseConfig, spec: CameraSpec, clock: Clock) -> None:
        self._pictures = RealSenseSource(config, spec, clock)
        super().__init__(spec, self._pictures, config.frozen_s)

    @property
    def hello(self) -> Hello | None:
        """What the camera says of itself: name, firmware, lens; None before connect."""
        return self._pictures.hello

    def read_depth(self) -> Depth:
        """Newest depth picture; a copy. Raises DeviceError as :meth:`read` does."""
        stamp_ns = self.read().stamp_ns
        depth = self._pictures.depth
        if depth is None:
            raise DeviceError(f"camera {self.spec.name}: no depth with the picture of {stamp_ns} ns")
        return Depth(depth.stamp_ns, depth.depth_m.copy())


def camera(section: Section, spec: CameraSpec, cell: Cell) -> RealSense:
    """The RealSense that ``section`` describes."""
    return RealSense(section.read(RealSenseConfig), spec, cell.clock)
