"""What a calibration leaves behind: one dated YAML file, with its residual, conditions and software version.

A station names a folder. Each calibration adds a file ``KIND-DEVICE-DATE.yaml`` to it; nothing is overwritten, and the
newest one counts. :func:`newest` is the one door for reading, :func:`save` the one for writing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import yaml

from calibration.drift import Reference
from calibration.hand_eye import HandEye
from calibration.identification import TwinParameters
from calibration.intrinsics import Intrinsics
from calibration.joints import JointZeros
from calibration.latency import Latency
from robolearn import __version__, atomic, config
from robolearn.config import Key, Section
from robolearn.errors import ConfigError

T = TypeVar("T")
STAMP = "%Y%m%dT%H%M%SZ"


class Kind(NamedTuple):
    """One kind of calibration: what it holds, how long it is trusted, and which command makes it."""

    result: type[Any]
    max_age_days: float
    command: str


KINDS: Mapping[str, Kind] = {
    "intrinsics": Kind(Intrinsics, 365.0, "intrinsics"),
    "hand_eye": Kind(HandEye, 90.0, "hand-eye"),
    "joints": Kind(JointZeros, 90.0, "joints"),
    "latency": Kind(Latency, 90.0, "latency"),
    "twin": Kind(TwinParameters, 365.0, "twin"),
    "drift": Kind(Reference, 90.0, "drift"),
}
KIND_OF = {kind.result: name for name, kind in KINDS.items()}


@dataclass(frozen=True)
class Artefact(Generic[T]):
    """One calibration of one device."""

    device: str
    station: str
    made: datetime  # UTC
    software: str
    residual: float
    residual_unit: str
    conditions: Mapping[str, str]
    result: T

    def age_days(self, now: datetime) -> float:
        """How long ago it was made."""
        return (now - self.made).total_seconds() / 86400.0


@dataclass(frozen=True)
class _File:
    """What stands in the file."""

    kind: Annotated[str, Key("kind of calibration")]
    device: Annotated[str, Key("name of the camera or arm")]
    station: Annotated[str, Key("name of the station")]
    made: Annotated[str, Key("when, ISO 8601 in UTC")]
    software: Annotated[str, Key("what made it")]
    residual: Annotated[float, Key("what the result leaves unexplained", low=0.0)]
    residual_unit: Annotated[str, Key("unit of the residual")]
    conditions: Annotated[dict[str, str], Key("under which it was made")]
    result: Section


def folder_of(station: str, folder: str | None) -> Path:
    """The station's folder of calibrations. Raises ConfigError if its file names none."""
    if folder is None:
        raise ConfigError(
            f"station {station}: its file names no folder for calibrations. Add a line such as\n"
            f"  calibration: ~/.robolearn/calibration/{station}"
        )
    return Path(folder).expanduser()


def save(
    folder: Path, device: str, station: str, result: Any, residual: tuple[float, str], conditions: Mapping[str, str]
) -> Path:
    """Write one artefact and return its file. ``residual`` is the number and its unit. Raises OSError."""
    made, kind = datetime.now(UTC), KIND_OF[type(result)]
    entry = {
        "kind": kind,
        "device": device,
        "station": station,
        "made": made.isoformat(timespec="seconds"),
        "software": f"robolearn {__version__}",
        "residual": float(residual[0]),
        "residual_unit": residual[1],
        "conditions": dict(conditions),
        "result": _plain(dataclasses.asdict(result)),
    }
    path = folder / f"{kind}-{device}-{made.strftime(STAMP)}.yaml"
    atomic.write_text(path, yaml.safe_dump(entry, sort_keys=False, default_flow_style=None, width=110))
    return path


def load(path: Path, cls: type[T]) -> Artefact[T]:
    """Read one file strictly. Raises ConfigError with file, line, fault and way out."""
    read = config.load(path, _File)
    kind = KIND_OF[cls]
    if read.kind != kind:
        raise ConfigError(f"{path}: holds a calibration of kind {read.kind!r}, not {kind!r}")
    try:
        made = datetime.fromisoformat(read.made)
    except ValueError as error:
        raise ConfigError(f"{path}: made: {error}") from error
    if made.tzinfo is None:
        raise ConfigError(f"{path}: made: the time needs a zone, as in 2026-01-31T12:00:00+00:00; got {read.made}")
    return Artefact(
        read.device, read.station, made, read.software, read.residual, read.residual_unit, read.conditions,
        read.result.read(cls),
    )  # fmt: skip


def find(folder: Path, device: str, cls: type[T]) -> Artefact[T] | None:
    """The newest artefact of a kind, or None if there is none. Raises ConfigError for a damaged one."""
    files = sorted(folder.glob(f"{KIND_OF[cls]}-{device}-????????T??????Z.yaml"))
    return load(files[-1], cls) if files else None


def newest(folder: Path, device: str, cls: type[T]) -> Artefact[T]:
    """The newest artefact of a kind. Raises ConfigError, with the command that makes one, if there is none."""
    found = find(folder, device, cls)
    if found is None:
        kind = KIND_OF[cls]
        raise ConfigError(
            f"{folder} holds no {kind} calibration of {device}: make one with robolearn calibrate {KINDS[kind].command}"
        )
    return found


def stale(artefact: Artefact[Any], now: datetime) -> str:
    """Why an artefact should be made anew; empty if it need not."""
    kind = KINDS[KIND_OF[type(artefact.result)]]
    age = artefact.age_days(now)
    if age < -1.0:
        return f"made {-age:.0f} days in the future: check the clock of this machine"
    if age > kind.max_age_days:
        return f"{age:.0f} days old, trusted for {kind.max_age_days:.0f}: run robolearn calibrate {kind.command}"
    return ""


def _plain(value: Any) -> Any:
    """``value`` as YAML's own types."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.value if isinstance(value, Enum) else value
