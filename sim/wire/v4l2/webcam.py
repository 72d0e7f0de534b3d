"""A virtual webcam: what it answers to each request of Video4Linux. It makes of a setting one that it has."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np

from robolearn.contracts import CameraSpec, Frame, Image
from robolearn.mjpeg import as_jpeg
from sim.wire.v4l2 import uapi
from sim.wire.v4l2.buffers import Buffers
from sim.wire.v4l2.controls import CONTROLS, Control, Controls
from sim.wire.v4l2.uapi import fourcc

CARD, DRIVER, BUS = b"Virtual webcam", b"robolearn", b"twin-"
VERSION = 6 << 16  # of the kernel
JPEG_QUALITY = 90


class Pixels(NamedTuple):
    """How pictures may travel."""

    code: int
    description: bytes
    flags: int
    colours: int
    bytes_a_pixel: int  # of a line; 0 if compressed
    encode: Callable[[Image], bytes]


def _as_mjpg(rgb: Image) -> bytes:
    return as_jpeg(rgb, JPEG_QUALITY)


def _as_yuyv(rgb: Image) -> bytes:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_YUY2)).tobytes()


PIXELS = (
    Pixels(fourcc("MJPG"), b"Motion-JPEG", uapi.IS_COMPRESSED, uapi.JPEG_COLOURS, 0, _as_mjpg),
    Pixels(fourcc("YUYV"), b"YUYV 4:2:2", 0, uapi.SRGB, 2, _as_yuyv),
)


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, number: int) -> None:
        """``number`` is of ``errno``."""
        super().__init__(os.strerror(number))
        self.number = number


class Webcam:
    """What everyone who opens the device shares: its controls, its format, and who streams."""

    def __init__(self, spec: CameraSpec) -> None:
        self.spec = spec
        self.controls = Controls()
        self.pixels = PIXELS[0]
        self.user: OpenWebcam | None = None  # who has buffers
        self.interval = Fraction(1 / spec.fps).limit_denominator(1000)

    @property
    def picture_bytes(self) -> int:
        """Most that one picture takes."""
        return self.spec.width * self.spec.height * 2


class OpenWebcam:
    """One open file of a webcam."""

    def __init__(self, webcam: Webcam) -> None:
        self._webcam = webcam
        self._buffers = Buffers(webcam.picture_bytes)
        self._taken = 0

    @property
    def memory(self) -> int:
        """Descriptor of what the program maps."""
        return self._buffers.memory

    def close(self) -> None:
        """Leave the webcam to others."""
        if self._webcam.user is self:
            self._webcam.user = None
        self._buffers.close()

    def answer(self, number: int, argument: bytearray) -> tuple[int, int]:
        """Result of a request, negative for an errno, and how many ready pictures it took; changes ``argument``."""
        self._taken = 0
        if number not in uapi.REQUESTS:
            return -errno.ENOTTY, 0
        request = uapi.REQUESTS[number]
        try:
            getattr(self, f"_{request.name.lower()}")(request.argument.from_buffer(argument))
        except Refused as refusal:
            return -refusal.number, 0
        except (IndexError, KeyError, ValueError):  # no such buffer, control or format
            return -errno.EINVAL, 0
        return 0, self._taken

    def show(self, frame: Frame) -> bool:
        """Hand a picture over; False if the program streams none, or has no buffer for it."""
        if not self._buffers.streams or not self._buffers.has_room():
            return False
        picture = self._webcam.pixels.encode(self._webcam.controls.seen(frame.rgb))
        self._buffers.fill(picture, frame.stamp_ns)
        return True

    def _querycap(self, told: uapi.Capability) -> None:
        told.driver, told.card, told.bus_info = DRIVER, CARD, BUS + self._webcam.spec.name.encode()[:24]
        told.version = VERSION
        told.device_caps = uapi.CAN_CAPTURE | uapi.CAN_STREAM
        told.capabilities = told.device_caps | uapi.TELLS_OF_NODE

    def _enum_fmt(self, asked: uapi.FormatDescription) -> None:
        pixels = PIXELS[asked.index]
        asked.flags, asked.description, asked.pixelformat = pixels.flags, pixels.description, pixels.code

    def _g_fmt(self, told: uapi.Format) -> None:
        self._describe(told, self._webcam.pixels)

    def _try_fmt(self, asked: uapi.Format) -> None:
        self._describe(asked, _pixels(asked.fmt.pix.pixelformat))

    def _s_fmt(self, asked: uapi.Format) -> None:
        if self._webcam.user is not None:
            raise Refused(errno.EBUSY)
        self._webcam.pixels = _pixels(asked.fmt.pix.pixelformat)
        self._g_fmt(asked)

    def _describe(self, told: uapi.Format, pixels: Pixels) -> None:
        _refuse_unless(told.type == uapi.CAPTURE)
        width, height = self._webcam.spec.width, self._webcam.spec.height
        told.fmt.pix = uapi.PixelFormat(
            width, height, pixels.code, uapi.PROGRESSIVE, pixels.bytes_a_pixel * width, self._webcam.picture_bytes,
            pixels.colours,
        )  # fmt: skip

    def _reqbufs(self, asked: uapi.RequestBuffers) -> None:
        _refuse_unless(asked.type == uapi.CAPTURE and asked.memory == uapi.IN_MEMORY_MAP)
        if self._webcam.user not in (None, self) or self._buffers.streams:
            raise Refused(errno.EBUSY)
        asked.count = self._buffers.allocate(asked.count)
        self._webcam.user = self if asked.count else None

    def _querybuf(self, asked: uapi.Buffer) -> None:
        self._buffers.describe(asked, asked.index)

    def _qbuf(self, asked: uapi.Buffer) -> None:
        self._buffers.queue(asked.index)
        self._buffers.describe(asked, asked.index)

    def _dqbuf(self, asked: uapi.Buffer) -> None:
        _refuse_unless(self._buffers.streams)
        try:
            index = self._buffers.dequeue()
        except IndexError:
            raise Refused(errno.EAGAIN) from None
        self._taken = 1
        self._buffers.describe(asked, index)

    def _streamon(self, asked: uapi.Number) -> None:
        _refuse_unless(asked.value == uapi.CAPTURE and len(self._buffers) > 0)
        self._buffers.streams = True

    def _streamoff(self, asked: uapi.Number) -> None:
        _refuse_unless(asked.value == uapi.CAPTURE)
        self._taken = self._buffers.stop()

    def _g_parm(self, told: uapi.StreamParameters) -> None:
        _refuse_unless(told.type == uapi.CAPTURE)
        told.capability, told.mode = uapi.CHOOSES_RATE, 0
        told.numerator, told.denominator = self._webcam.interval.as_integer_ratio()

    def _s_parm(self, asked: uapi.StreamParameters) -> None:
        self._g_parm(asked)

    def _enum_framesizes(self, asked: uapi.FrameSize) -> None:
        _refuse_unless(asked.index == 0 and _is_known(asked.pixel_format))
        asked.type, asked.width, asked.height = uapi.DISCRETE, self._webcam.spec.width, self._webcam.spec.height

    def _enum_frameintervals(self, asked: uapi.FrameInterval) -> None:
        _refuse_unless(asked.index == 0 and _is_known(asked.pixel_format))
        _refuse_unless((asked.width, asked.height) == (self._webcam.spec.width, self._webcam.spec.height))
        asked.type = uapi.DISCRETE
        asked.numerator, asked.denominator = self._webcam.interval.as_integer_ratio()

    def _enuminput(self, asked: uapi.Input) -> None:
        _refuse_unless(asked.index == 0)
        asked.name, asked.type = b"Camera 1", uapi.CAMERA

    def _g_input(self, told: uapi.Number) -> None:
        told.value = 0

    def _s_input(self, asked: uapi.Number) -> None:
        _refuse_unless(asked.value == 0)

    def _g_ctrl(self, asked: uapi.ControlValue) -> None:
        asked.value = self._webcam.controls[asked.id]

    def _s_ctrl(self, asked: uapi.ControlValue) -> None:
        try:
            asked.value = self._webcam.controls.set(asked.id, asked.value)
        except ValueError:
            raise Refused(errno.ERANGE) from None
        except PermissionError:
            raise Refused(errno.EACCES) from None

    def _queryctrl(self, asked: uapi.ControlDescription) -> None:
        control = self._control(asked.id)
        asked.id, asked.type, asked.name = control.id, control.kind, control.name.encode()
        asked.minimum, asked.maximum = control.low, control.high
        asked.step, asked.default = control.step, control.default
        asked.flags = 0 if self._webcam.controls.is_active(control.id) else uapi.IS_INACTIVE

    def _control(self, number: int) -> Control:
        """The control of that number, or the next after it if the number is marked so. Raises KeyError."""
        after = number & ~uapi.NEXT_CONTROL
        if number == after:
            return CONTROLS[number]
        return CONTROLS[min((known for known in CONTROLS if known > after), default=-1)]

    def _querymenu(self, asked: uapi.MenuItem) -> None:
        asked.name = (self._control(asked.id).items or {})[asked.index].encode()


def _is_known(code: int) -> bool:
    return code in [pixels.code for pixels in PIXELS]


def _pixels(code: int) -> Pixels:
    """Those of a code, or the first."""
    return next((pixels for pixels in PIXELS if pixels.code == code), PIXELS[0])


def _refuse_unless(fine: bool) -> None:
    if not fine:
        raise Refused(errno.EINVAL)
