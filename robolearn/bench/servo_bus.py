"""``bench servo-bus``: the SO-101 driver over a virtual bus: how fast, how it bears a bad line, how it comes back."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from drivers.backend import DevicesConfig
from drivers.clock import RealClock
from drivers.feetech import SPEED_RAD_S, StsServos
from drivers.feetech_config import FeetechConfig
from drivers.servo_arm import ArmParts, ServoArm
from robolearn.backends import load_station
from robolearn.bars import Bar, outcome
from robolearn.bench.emulated import EmulatedDevice
from robolearn.contracts import ArmCommand, ArmState, CommandMode, Float
from robolearn.descriptions import description
from robolearn.errors import BenchError, DeviceError
from robolearn.kinematics import Kinematics

STATION, TASK = "so101_virtual", "cube_in_bin"
JOINTS = 5
TRUTH_COLUMNS = 14  # time [s], six joints [rad], their speeds [rad/s], and writes so far
RATE_HZ = 200.0
SLOWEST_MS = 8.0
BACK_S = 2.0
NOISE = {"corrupt": 0.01, "drop": 0.01}
STALL_S, STALL_EVERY_S = 0.2, 60.0
SWING_RAD, SWING_S = 0.25, 3.0
BEFORE_S, AFTER_S = 0.006, 0.05  # a reading is as old as its stamp: the servo looked between these, around it
WRONG_RAD = np.deg2rad(0.6)
WRONG_RAD_S = 0.2
OUTSIDE_RAD = np.deg2rad(1.0)
Note = Callable[[str], None]


class Run(NamedTuple):
    """How long and how often."""

    clean_s: float
    noisy_s: float
    unplugs: int
    patience_s: float = 0.01  # of the driver; a busy machine needs more


@dataclass
class Noisy:
    """What came of the time on a bad line."""

    stamps_s: list[float] = field(default_factory=list)
    states: list[ArmState] = field(default_factory=list)
    refused: int = 0  # readings that the driver did not give
    rearmed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    stalls: int = 0


class Swing:
    """Goals about a start pose: every joint swings, each at its own pace."""

    def __init__(self, start_rad: Float) -> None:
        self._start = start_rad
        self._begin_s = time.monotonic()

    def command(self) -> ArmCommand:
        """The goal of now."""
        phase = (time.monotonic() - self._begin_s) * 2.0 * np.pi / (SWING_S * np.linspace(1.0, 1.6, JOINTS))
        share = 0.5 - 0.5 * np.cos(phase)
        away = np.array([1.0, -0.4, 0.4, -0.4, 1.0]) * SWING_RAD
        return ArmCommand(time.monotonic_ns(), CommandMode.JOINT_POSITION, self._start + share * away, None)


def measure(run: Run, note: Note) -> dict[str, Any]:
    """Figures and bars. ``note`` is told what is done. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="robolearn-") as name:
        port, truth = Path(name) / "port", Path(name) / "truth"
        words = ("--port", str(port), "--task", TASK, "--held", "--truth", str(truth))
        with EmulatedDevice("so101", *words) as device:
            arm = _arm(_config(port, run.patience_s))
            arm.connect()
            try:
                cycles_s = _clean(arm, run.clean_s)
                note(f"{len(cycles_s) / sum(cycles_s):.0f} Hz")
                noisy = _noisy(arm, device, run.noisy_s, note)
                back_s = [_unplugged(arm, device) for _ in range(run.unplugs)]
                note(f"back after {max(back_s, default=0.0):.2f} s at most")
                line = arm.diagnostics
            finally:
                arm.close()
        rows = np.fromfile(truth)
    rows = rows[: len(rows) // TRUTH_COLUMNS * TRUTH_COLUMNS].reshape(-1, TRUTH_COLUMNS)
    return _judged(run, np.array(cycles_s), noisy, np.array(back_s), rows, line)


def _config(port: Path, patience_s: float) -> FeetechConfig:
    section = load_station(STATION).devices
    if section is None:
        raise BenchError(f"station {STATION} has no devices")
    config = section.read(DevicesConfig).arm.split("driver")[1].read(FeetechConfig)
    return replace(config, port=str(port), patience_s=patience_s)


def _arm(config: FeetechConfig) -> ServoArm:
    station = load_station(STATION)
    parts = ArmParts("so101", config.servos, SPEED_RAD_S, config.on_close)
    kinematics = Kinematics(description(station.description), station.joint_names)
    return ServoArm(parts, StsServos(config), station.joint_names, station.control_hz, kinematics, RealClock())


def _clean(arm: ServoArm, seconds: float) -> list[float]:
    """Times of full state reads with a goal write each, back to back on a good line."""
    swing, cycles_s = Swing(arm.read().joint_position_rad), []
    end_s = time.monotonic() + seconds
    while (begin_s := time.monotonic()) < end_s:
        arm.read()
        arm.command(swing.command())
        cycles_s.append(time.monotonic() - begin_s)
    return cycles_s


def _noisy(arm: ServoArm, device: EmulatedDevice, seconds: float, note: Note) -> Noisy:
    """Read and command at the station's rate while the line is bad."""
    done, swing = Noisy(), Swing(arm.read().joint_position_rad)
    device.do("faults", **NOISE)
    period_s, every_s = 1.0 / arm.spec.control_hz, min(STALL_EVERY_S, seconds)
    begin_s = due_s = time.monotonic()
    while (passed_s := time.monotonic() - begin_s) < seconds:
        since_s = passed_s - (done.stalls + 0.5) * every_s
        if since_s >= STALL_S:
            device.do("faults", delay_s=0.0)
            done.stalls += 1
            note(f"{len(done.states)} readings")
        elif since_s >= 0.0:
            device.do("faults", delay_s=STALL_S)  # what is answered now comes late, all at once
        _tick(arm, swing, done)
        due_s = max(due_s + period_s, time.monotonic())
        time.sleep(max(0.0, due_s - time.monotonic()))
    device.do("faults", corrupt=0.0, drop=0.0, delay_s=0.0)
    return done


def _tick(arm: ServoArm, swing: Swing, done: Noisy) -> None:
    try:
        state = arm.read()
        done.states.append(state)
        done.stamps_s.append(state.stamp_ns * 1e-9)
        arm.command(swing.command())
    except DeviceError:
        done.refused += 1
        if arm.fault is not None:
            done.faults[arm.fault] += 1
            done.rearmed += _rearmed(arm)


def _rearmed(arm: ServoArm) -> bool:
    try:
        arm.rearm()
    except DeviceError:
        return False
    return True


def _unplugged(arm: ServoArm, device: EmulatedDevice) -> float:
    """Pull the plug, put it in again, and return the time until the arm takes commands again [s]."""
    device.do("faults", unplug=True)
    _until(lambda: arm.fault is not None, arm)
    device.do("faults", unplug=False)
    begin_s = time.monotonic()
    while not _rearmed(arm):
        time.sleep(0.01)
        if time.monotonic() - begin_s > 10 * BACK_S:
            break
    return time.monotonic() - begin_s


def _until(condition: Callable[[], bool], arm: ServoArm) -> None:
    end_s = time.monotonic() + BACK_S
    while not condition() and time.monotonic() < end_s:
        try:
            arm.read()
        except DeviceError:
            time.sleep(0.01)


def _judged(run: Run, cycles_s: Float, noisy: Noisy, back_s: Float, truth: Float, line: Any) -> dict[str, Any]:
    wrong, stale = _against_truth(noisy, truth)
    low, high = _limits()
    joints = truth[:, 1 : 1 + JOINTS]
    outside = int(((joints < low - OUTSIDE_RAD) | (joints > high + OUTSIDE_RAD)).any(axis=1).sum())
    rate_hz, p99_ms = len(cycles_s) / cycles_s.sum(), float(np.percentile(cycles_s, 99)) * 1e3
    figures = {
        "rate_hz": rate_hz, "p50_ms": float(np.median(cycles_s)) * 1e3, "p99_ms": p99_ms,
        "noisy_s": run.noisy_s, "readings": len(noisy.states), "refused": noisy.refused, "rearmed": noisy.rearmed,
        "faults": dict(noisy.faults),
        "wrong": wrong, "stale": stale, "outside_limits": outside, "unplugs": len(back_s),
        "back_s_max": float(back_s.max(initial=0.0)),
        **{name: line[name] for name in ("reads", "missing", "corrupt", "strays", "losses")},
    }  # fmt: skip
    bars = (
        Bar("rate_hz", rate_hz, RATE_HZ, ">="), Bar("p99_ms", p99_ms, SLOWEST_MS, "<="),
        Bar("wrong_or_stale", wrong + stale, 0, "<="), Bar("outside_limits", outside, 0, "<="),
        Bar("readings", len(noisy.states), max(1.0, run.noisy_s), ">="),
        Bar("back_s_max", figures["back_s_max"], BACK_S, "<="),
    )  # fmt: skip
    return outcome(figures, bars)


def _against_truth(noisy: Noisy, truth: Float) -> tuple[int, int]:
    """How many readings were never true about their stamp; how many of those had been true in the second before."""
    times, wrong, stale = truth[:, 0], 0, 0
    for stamp_s, state in zip(noisy.stamps_s, noisy.states, strict=True):
        begin, end = np.searchsorted(times, [stamp_s - BEFORE_S, stamp_s + AFTER_S])
        if not _was_true(state, truth[begin:end]):
            earlier = np.searchsorted(times, stamp_s - 1.0)
            was = any(_was_true(state, truth[at : at + 10]) for at in range(earlier, begin, 5))
            stale, wrong = stale + was, wrong + (not was)
    return wrong, stale


def _was_true(state: ArmState, rows: Float) -> bool:
    if not len(rows) or state.joint_velocity_rad_s is None:
        return False
    joints, speeds = rows[:, 1 : 1 + JOINTS], rows[:, 7 : 7 + JOINTS]
    return _inside(state.joint_position_rad, joints, WRONG_RAD) and _inside(
        state.joint_velocity_rad_s, speeds, WRONG_RAD_S
    )


def _inside(values: Float, rows: Float, tolerance: float) -> bool:
    return bool(((rows.min(axis=0) - tolerance <= values) & (values <= rows.max(axis=0) + tolerance)).all())


def _limits() -> tuple[Float, Float]:
    limits = load_station(STATION).limits
    return np.array(limits.joint_lower_rad), np.array(limits.joint_upper_rad)
