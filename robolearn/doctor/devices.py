"""The devices of a station: is each there, what is its firmware, and how steadily does it read?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from robolearn.contracts import Arm, ArmState, Camera, Clock, Frame, World
from robolearn.doctor.finding import Finding, Level, green
from robolearn.errors import BorderError, ConfigError, DeviceError
from robolearn.loads import LoadGuard
from robolearn.station import StationConfig

NS = 1_000_000_000
LEAST_RATE_SHARE = 0.9
MOST_JITTER_SHARE = 0.5


class Reading(NamedTuple):
    """What reading a device for a while has shown. What cannot be measured is None."""

    rate_hz: float
    jitter_s: float | None  # 95th percentile of the distance from the median interval between stamps
    latency_s: float | None  # median age of what is read
    errors_per_hour: float
    last_error: str
    newest: ArmState | Frame | None


def device_findings(world: World, station: StationConfig, seconds: float) -> Iterator[Finding]:
    """Open each device in turn, read it for ``seconds``, and close it. Nothing moves."""
    for arm in world.arms.values():
        yield _examined(f"arm {arm.spec.name}", arm, world.clock, arm.spec.control_hz, station, seconds)
    for camera in world.cameras.values():
        yield _examined(f"camera {camera.spec.name}", camera, world.clock, camera.spec.fps, station, seconds)


def _examined(
    what: str, device: Arm | Camera, clock: Clock, promised_hz: float, station: StationConfig, seconds: float
) -> Finding:
    try:
        device.connect()
    except (DeviceError, BorderError) as error:
        return Finding(what, Level.RED, "not found", str(error))
    try:
        reading = _read(device, clock, max(station.control_hz, promised_hz), seconds)
        firmware = _firmware(device)
    finally:
        device.close()
    if isinstance(reading.newest, ArmState):
        try:
            LoadGuard(station.limits).start(device.spec.name, reading.newest)
        except ConfigError as error:
            return Finding(what, Level.RED, "does not measure what the limits say", str(error))
    return _judged(what, reading, promised_hz, firmware)


def _read(device: Arm | Camera, clock: Clock, poll_hz: float, seconds: float) -> Reading:
    """Read at ``poll_hz`` for ``seconds`` of the station's clock."""
    stamps: list[int] = []
    ages: list[int] = []
    errors, last = 0, ""
    newest = None
    period_ns = round(NS / poll_hz)
    start_ns = clock.now_ns()
    while (now_ns := clock.now_ns()) < start_ns + seconds * NS:
        try:
            newest = device.read()
        except (DeviceError, BorderError) as error:
            errors, last = errors + 1, str(error)
        else:
            ages.append(now_ns - newest.stamp_ns)
            stamps += [newest.stamp_ns] if not stamps or newest.stamp_ns > stamps[-1] else []
        clock.sleep_until(now_ns + period_ns)
    taken_s = (clock.now_ns() - start_ns) / NS
    intervals = np.diff(stamps) / NS
    rate = len(intervals) / float(intervals.sum()) if len(intervals) else 0.0
    jitter = float(np.percentile(np.abs(intervals - np.median(intervals)), 95)) if len(intervals) else None
    latency = float(np.median(ages)) / NS if ages else None
    return Reading(rate, jitter, latency, errors * 3600.0 / taken_s, last, newest)


def _judged(what: str, reading: Reading, promised_hz: float, firmware: str | None) -> Finding:
    jitter, latency = (_milliseconds(value) for value in (reading.jitter_s, reading.latency_s))
    told = [f"{reading.rate_hz:.1f} of {promised_hz:g} Hz", f"jitter {jitter}", f"age {latency}"]
    told += [f"{reading.errors_per_hour:.0f} errors/h", f"firmware {firmware or 'not told'}"]
    found = ", ".join(told)
    if reading.rate_hz == 0.0:
        return Finding(what, Level.RED, found, reading.last_error or "it is connected but sends nothing: restart it")
    if reading.errors_per_hour > 0.0:
        return Finding(what, Level.YELLOW, found, f"check its cable; the last error was: {reading.last_error}")
    if reading.rate_hz < LEAST_RATE_SHARE * promised_hz:
        return Finding(what, Level.YELLOW, found, "too slow: close other programs, another USB port, or a lower rate")
    if reading.jitter_s is not None and reading.jitter_s > MOST_JITTER_SHARE / promised_hz:
        return Finding(what, Level.YELLOW, found, "unsteady: close other programs, or see the real-time settings below")
    return green(what, found)


def _firmware(device: Arm | Camera) -> str | None:
    """What a driver says of its firmware, if it says anything."""
    diagnostics: Mapping[str, Any] = getattr(device, "diagnostics", {})
    firmware = diagnostics.get("firmware")
    return None if firmware is None else str(firmware)


def _milliseconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds * 1e3:.1f} ms"
