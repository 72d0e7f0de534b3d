"""Which calibrations a station has, how old they are, and which it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from calibration import artefacts
from robolearn.doctor.finding import Finding, Level, green
from robolearn.errors import ConfigError
from robolearn.station import StationConfig

OF_CAMERA = ("intrinsics", "hand_eye", "latency", "drift")
OF_ARM = ("joints", "latency")
OF_DESCRIPTION = ("twin",)


def calibration_findings(station: StationConfig, arm: str | None) -> Iterator[Finding]:
    """One line for each calibration that the station could have; ``arm`` is the name of its arm, if it was found."""
    if station.calibration is None:
        do = f"add a line such as 'calibration: ~/.robolearn/calibration/{station.name}' to the station's file"
        yield Finding("calibration", Level.YELLOW, "the station's file names no folder", do)
        return
    folder = artefacts.folder_of(station.name, station.calibration)
    devices = [(camera, kind) for camera in station.cameras for kind in OF_CAMERA]
    devices += [(arm, kind) for kind in OF_ARM] if arm is not None else []
    devices += [(station.description, kind) for kind in OF_DESCRIPTION]
    for device, kind in devices:
        yield _finding(folder, station.name, device, kind)


def _finding(folder: Path, station: str, device: str, kind: str) -> Finding:
    what = f"{kind} of {device}"
    made_by = artefacts.KINDS[kind]
    command = f"robolearn calibrate {made_by.command} --station {station}"
    try:
        found = artefacts.find(folder, device, made_by.result)
    except ConfigError as error:
        return Finding(what, Level.RED, str(error), f"restore the file or delete it; then {command}")
    if found is None:
        return Finding(what, Level.YELLOW, "never calibrated", command)
    now = datetime.now(UTC)
    told = f"{max(found.age_days(now), 0.0):.0f} days old, residual {found.residual:.3g} {found.residual_unit}"
    why = artefacts.stale(found, now)
    return Finding(what, Level.YELLOW, told, f"{why} --station {station}") if why else green(what, told)
