"""MCAP files of raw messages, as rosbag2, Foxglove and ``rosbags`` read them.

A chunk is complete on disk, or torn at the end of the file; :func:`mend` completes a file that a kill cut short.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import yaml
from mcap.exceptions import McapError
from mcap.records import Channel, DataEnd, McapRecord, Message, Schema
from mcap.stream_reader import CRCValidationError, StreamReader
from mcap.writer import CompressionType, Writer
from rclpy.duration import Duration
from rclpy.qos import QoSProfile

from robolearn import __version__
from robolearn.errors import ConfigError
from robolearn.locks import is_let_go
from robolearn.nodes.base import load_type
from robolearn.nodes.qos import PROFILES
from robolearn.nodes.stamps import NS
from robolearn.nodes.topics import Topic

CHUNK_BYTES = 4 << 20
PROFILE, MESSAGE_ENCODING, SCHEMA_ENCODING = "ros2", "cdr", "ros2msg"
SUFFIX = ".mcap"
MAGIC = b"\x89MCAP0\r\n"
RULE = "=" * 80
TORN = (McapError, CRCValidationError, RuntimeError, ValueError, struct.error)  # what a torn record is read as
MESSAGE_FIELD = re.compile(r"(\w+)/(\w+)")


class McapFile:
    """One file that is being written; nobody mends it meanwhile."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, also if the file exists."""
        self.path = path
        self.messages = self.safe = 0  # written, and certain to outlive this process
        self._file = path.open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._writer = Writer(self._file, chunk_size=CHUNK_BYTES, compression=CompressionType.LZ4)
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        try:
            self._writer.start(PROFILE, f"robolearn {__version__}")
            self._writer.flush()
        except OSError:
            self.abandon()
            path.unlink()
            raise

    def write(self, topic: Topic, name: str, data: bytes, stamp_ns: int) -> None:
        """Add one serialised message of ``topic``, whose full name is ``name``. Raises OSError and ConfigError."""
        if name not in self._channels:
            self._channels[name] = self._channel(topic, name)
        self.messages += 1
        self._writer.add_message(self._channels[name], stamp_ns, data, stamp_ns, self.messages)

    def flush(self) -> None:
        """End the chunk: a kill loses nothing of what has been written so far. Raises OSError."""
        self._writer.flush()
        self.safe = self.messages

    def close(self) -> None:
        """Write the index, and let go of the file. Raises OSError; the file is closed all the same."""
        try:
            self._writer.finish()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Let go of a file that could not be written: what is in it is for :func:`mend`."""
        with suppress(OSError):
            self._file.close()

    def _channel(self, topic: Topic, name: str) -> int:
        if topic.type not in self._schemas:
            text = definition(topic.type).encode()
            self._schemas[topic.type] = self._writer.register_schema(topic.type, SCHEMA_ENCODING, text)
        qos = {"offered_qos_profiles": _qos_text(PROFILES[topic.qos])}
        return self._writer.register_channel(name, MESSAGE_ENCODING, self._schemas[topic.type], qos)


def definition(type_name: str) -> str:
    """Text of a message type, and after it that of each type in it. Raises ConfigError if one is not installed."""
    names = [type_name]
    for name in names:
        names += [inner for inner in _types_in(name) if inner not in names]
    first, *rest = names
    return "\n".join([_text(first), *(f"{RULE}\nMSG: {_short(name)}\n{_text(name)}" for name in rest)])


def mend(folder: Path) -> dict[Path, int]:
    """Complete each file in ``folder`` that lost its writer: its messages up to the first torn chunk. Raises OSError.

    Returns how many messages each of them holds."""
    return {
        path: _mended(path) for path in sorted(folder.glob(f"*{SUFFIX}")) if not _is_whole(path) and is_let_go(path)
    }


def _mended(path: Path) -> int:
    part = path.with_suffix(".part")
    try:
        count = _copy(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _copy(path: Path, part: Path) -> int:
    count = 0
    with path.open("rb") as torn, part.open("wb") as whole:
        writer = Writer(whole, chunk_size=CHUNK_BYTES, compression=CompressionType.LZ4)
        writer.start(PROFILE, f"robolearn {__version__}")
        for record in _sound_records(torn):
            if isinstance(record, Schema):
                writer.register_schema(record.name, record.encoding, record.data)
            elif isinstance(record, Channel):
                writer.register_channel(record.topic, record.message_encoding, record.schema_id, record.metadata)
            elif isinstance(record, Message):
                stamps = {"log_time": record.log_time, "publish_time": record.publish_time}
                writer.add_message(record.channel_id, data=record.data, sequence=record.sequence, **stamps)
                count += 1
        writer.finish()
        whole.flush()
        os.fsync(whole.fileno())
    return count


def _sound_records(file: BinaryIO) -> Iterator[McapRecord]:
    """Records up to the index, or to where the file is torn; schemas and channels in the order of their numbers."""
    try:
        for record in StreamReader(file, validate_crcs=True).records:
            if isinstance(record, DataEnd):
                return
            yield record
    except TORN:
        return


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < 2 * len(MAGIC):
            return False
        file.seek(-len(MAGIC), os.SEEK_END)
        return file.read() == MAGIC


def _types_in(name: str) -> list[str]:
    """Types of the fields that are messages themselves, each once."""
    fields = " ".join(load_type(name).get_fields_and_field_types().values())
    return list(dict.fromkeys(f"{package}/msg/{cls}" for package, cls in MESSAGE_FIELD.findall(fields)))


def _short(name: str) -> str:
    package, _, cls = name.split("/")
    return f"{package}/{cls}"


def _text(name: str) -> str:
    """What is installed of a type."""
    prefixes = [*filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)), sys.prefix]
    for prefix in prefixes:
        path = Path(prefix) / "share" / f"{name}.msg"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise ConfigError(f"there is no share/{name}.msg in {prefixes}: install the package {name.split('/')[0]}")


def _qos_text(profile: QoSProfile) -> str:
    """As rosbag2 notes it, so that what is played back is offered as it was."""
    noted: dict[str, Any] = {
        "history": profile.history.name.lower(),
        "depth": profile.depth,
        "reliability": profile.reliability.name.lower(),
        "durability": profile.durability.name.lower(),
        "deadline": _parts(profile.deadline),
        "lifespan": _parts(profile.lifespan),
        "liveliness": profile.liveliness.name.lower(),
        "liveliness_lease_duration": _parts(profile.liveliness_lease_duration),
        "avoid_ros_namespace_conventions": profile.avoid_ros_namespace_conventions,
    }
    return yaml.safe_dump([noted], sort_keys=False)


def _parts(duration: Duration) -> dict[str, int]:
    seconds, nanoseconds = divmod(duration.nanoseconds, NS)
    return {"sec": seconds, "nsec": nanoseconds}
