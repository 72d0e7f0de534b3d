"""Requests of Video4Linux 2 and their arguments, as ``linux/videodev2.h`` lays them out on 64-bit machines."""

from __future__ import annotations

import ctypes
from ctypes import Structure, Union, c_char, c_int32, c_int64, c_uint8, c_uint32, c_uint64
from enum import IntEnum
from typing import ClassVar, NamedTuple

CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
IN_MEMORY_MAP = 1  # V4L2_MEMORY_MMAP
PROGRESSIVE = 1  # V4L2_FIELD_NONE
SRGB, JPEG_COLOURS = 8, 7  # V4L2_COLORSPACE_*
CAN_CAPTURE, CAN_STREAM, TELLS_OF_NODE = 0x1, 0x0400_0000, 0x8000_0000  # V4L2_CAP_*
CHOOSES_RATE = 0x1000  # V4L2_CAP_TIMEPERFRAME
DISCRETE = 1  # V4L2_FRMSIZE_TYPE_DISCRETE, V4L2_FRMIVAL_TYPE_DISCRETE
CAMERA = 2  # V4L2_INPUT_TYPE_CAMERA
NEXT_CONTROL = 0x8000_0000  # V4L2_CTRL_FLAG_NEXT_CTRL
IS_INACTIVE = 0x10  # V4L2_CTRL_FLAG_INACTIVE
IS_COMPRESSED = 0x1  # V4L2_FMT_FLAG_COMPRESSED


class BufferFlag(IntEnum):
    """``V4L2_BUF_FLAG_*``."""

    MAPPED = 0x1
    QUEUED = 0x2
    DONE = 0x4
    MONOTONIC = 0x2000


class Capability(Structure):
    """``v4l2_capability``."""

    _fields_: ClassVar = [
        ("driver", c_char * 16), ("card", c_char * 32), ("bus_info", c_char * 32), ("version", c_uint32),
        ("capabilities", c_uint32), ("device_caps", c_uint32), ("reserved", c_uint32 * 3),
    ]  # fmt: skip


class FormatDescription(Structure):
    """``v4l2_fmtdesc``."""

    _fields_: ClassVar = [
        ("index", c_uint32), ("type", c_uint32), ("flags", c_uint32), ("description", c_char * 32),
        ("pixelformat", c_uint32), ("reserved", c_uint32 * 4),
    ]  # fmt: skip


class PixelFormat(Structure):
    """``v4l2_pix_format``."""

    _fields_: ClassVar = [
        ("width", c_uint32), ("height", c_uint32), ("pixelformat", c_uint32), ("field", c_uint32),
        ("bytesperline", c_uint32), ("sizeimage", c_uint32), ("colorspace", c_uint32), ("rest", c_uint32 * 5),
    ]  # fmt: skip


class _FormatUnion(Union):
    _fields_: ClassVar = [("pix", PixelFormat), ("raw", c_uint8 * 200), ("aligned", c_uint64)]


class Format(Structure):
    """``v4l2_format``."""

    _fields_: ClassVar = [("type", c_uint32), ("fmt", _FormatUnion)]


class RequestBuffers(Structure):
    """``v4l2_requestbuffers``."""

    _fields_: ClassVar = [
        ("count", c_uint32), ("type", c_uint32), ("memory", c_uint32), ("capabilities", c_uint32),
        ("flags", c_uint8), ("reserved", c_uint8 * 3),
    ]  # fmt: skip


class Buffer(Structure):
    """``v4l2_buffer``; ``offset`` is its place in the memory, of the union ``m``."""

    _fields_: ClassVar = [
        ("index", c_uint32), ("type", c_uint32), ("bytesused", c_uint32), ("flags", c_uint32), ("field", c_uint32),
        ("seconds", c_int64), ("microseconds", c_int64), ("timecode", c_uint32 * 4), ("sequence", c_uint32),
        ("memory", c_uint32), ("offset", c_uint64), ("length", c_uint32), ("reserved", c_uint32 * 2),
    ]  # fmt: skip


class StreamParameters(Structure):
    """``v4l2_streamparm`` of a capture; a picture lasts ``numerator / denominator`` s."""

    _fields_: ClassVar = [
        ("type", c_uint32), ("capability", c_uint32), ("mode", c_uint32), ("numerator", c_uint32),
        ("denominator", c_uint32), ("rest", c_uint8 * 184),
    ]  # fmt: skip


class ControlDescription(Structure):
    """``v4l2_queryctrl``."""

    _fields_: ClassVar = [
        ("id", c_uint32), ("type", c_uint32), ("name", c_char * 32), ("minimum", c_int32), ("maximum", c_int32),
        ("step", c_int32), ("default", c_int32), ("flags", c_uint32), ("reserved", c_uint32 * 2),
    ]  # fmt: skip


class MenuItem(Structure):
    """``v4l2_querymenu``, which the kernel packs."""

    _pack_ = 1
    _fields_: ClassVar = [("id", c_uint32), ("index", c_uint32), ("name", c_char * 32), ("reserved", c_uint32)]


class ControlValue(Structure):
    """``v4l2_control``."""

    _fields_: ClassVar = [("id", c_uint32), ("value", c_int32)]


class Input(Structure):
    """``v4l2_input``."""

    _fields_: ClassVar = [
        ("index", c_uint32), ("name", c_char * 32), ("type", c_uint32), ("audioset", c_uint32), ("tuner", c_uint32),
        ("std", c_uint64), ("status", c_uint32), ("capabilities", c_uint32), ("reserved", c_uint32 * 3),
    ]  # fmt: skip


class FrameSize(Structure):
    """``v4l2_frmsizeenum`` of a discrete size."""

    _fields_: ClassVar = [
        ("index", c_uint32), ("pixel_format", c_uint32), ("type", c_uint32), ("width", c_uint32), ("height", c_uint32),
        ("rest", c_uint32 * 6),
    ]  # fmt: skip


class FrameInterval(Structure):
    """``v4l2_frmivalenum`` of a discrete interval."""

    _fields_: ClassVar = [
        ("index", c_uint32), ("pixel_format", c_uint32), ("width", c_uint32), ("height", c_uint32), ("type", c_uint32),
        ("numerator", c_uint32), ("denominator", c_uint32), ("rest", c_uint32 * 6),
    ]  # fmt: skip


class Number(Structure):
    """An argument that is one number."""

    _fields_: ClassVar = [("value", c_uint32)]


class Request(NamedTuple):
    """One ``ioctl``."""

    name: str
    argument: type[Structure]


def _numbered(ways: str, number: int, name: str, argument: type[Structure]) -> tuple[int, Request]:
    """``_IOC`` of the kernel: an argument goes to the device (w), comes from it (r), or both."""
    direction = ("w" in ways) | ("r" in ways) << 1
    return direction << 30 | ctypes.sizeof(argument) << 16 | ord("V") << 8 | number, Request(name, argument)


REQUESTS = dict(
    (
        _numbered("r", 0, "QUERYCAP", Capability),
        _numbered("rw", 2, "ENUM_FMT", FormatDescription),
        _numbered("rw", 4, "G_FMT", Format),
        _numbered("rw", 5, "S_FMT", Format),
        _numbered("rw", 64, "TRY_FMT", Format),
        _numbered("rw", 8, "REQBUFS", RequestBuffers),
        _numbered("rw", 9, "QUERYBUF", Buffer),
        _numbered("rw", 15, "QBUF", Buffer),
        _numbered("rw", 17, "DQBUF", Buffer),
        _numbered("w", 18, "STREAMON", Number),
        _numbered("w", 19, "STREAMOFF", Number),
        _numbered("rw", 21, "G_PARM", StreamParameters),
        _numbered("rw", 22, "S_PARM", StreamParameters),
        _numbered("rw", 26, "ENUMINPUT", Input),
        _numbered("r", 38, "G_INPUT", Number),
        _numbered("rw", 39, "S_INPUT", Number),
        _numbered("rw", 27, "G_CTRL", ControlValue),
        _numbered("rw", 28, "S_CTRL", ControlValue),
        _numbered("rw", 36, "QUERYCTRL", ControlDescription),
        _numbered("rw", 37, "QUERYMENU", MenuItem),
        _numbered("rw", 74, "ENUM_FRAMESIZES", FrameSize),
        _numbered("rw", 75, "ENUM_FRAMEINTERVALS", FrameInterval),
    )
)


def size_of_argument(number: int) -> int:
    """Bytes of a request's argument, of any device (``_IOC_SIZE``)."""
    return number >> 16 & 0x3FFF


def tells(number: int) -> bool:
    """True if a request's argument comes back from the device (``_IOC_READ``)."""
    return bool(number >> 31)


def fourcc(name: str) -> int:
    """A pixel format's number."""
    return int.from_bytes(name.encode("ascii"), "little")
