"""The machine: disk, memory, GPU, clock and real-time settings."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
from yaml import MappingNode, Node, SequenceNode

from robolearn.doctor.finding import Finding, Level, green
from robolearn.station import StationConfig

GIB = 2**30
LOW_DISK_GIB, NO_DISK_GIB, LOW_MEMORY_GIB = 20.0, 2.0, 4.0
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
REALTIME = Path("/sys/kernel/realtime")
REALTIME_KEY = ("realtime_kernel", "true")
NVIDIA = Path("/proc/driver/nvidia/version")
LATENCY_TIMERS = Path("/sys/bus/usb-serial/devices")


def machine_findings(folder: Path, station: StationConfig) -> Iterator[Finding]:
    """Findings on the machine; ``folder`` is where runs are going to be kept."""
    yield _disk(folder)
    yield _memory()
    yield _gpu()
    yield _governor()
    yield _kernel(station.devices is not None and _demands_realtime(station.devices.node))
    yield _priority()
    yield from _adapters()


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / GIB
    found = f"{free:.0f} GiB free in {folder}"
    if free >= LOW_DISK_GIB:
        return green("disk", found)
    level = Level.RED if free < NO_DISK_GIB else Level.YELLOW
    return Finding("disk", level, found, "free some space, or start from a folder on another disk")


def _memory() -> Finding:
    free = psutil.virtual_memory().available / GIB
    found = f"{free:.1f} GiB free"
    if free >= LOW_MEMORY_GIB:
        return green("memory", found)
    return Finding("memory", Level.YELLOW, found, "close other programs: a learner needs some 4 GiB")


def _gpu() -> Finding:
    if NVIDIA.is_file():
        return green("gpu", NVIDIA.read_text(encoding="utf-8").splitlines()[0])
    return green("gpu", "none; pictures are encoded on the CPU")


def _governor() -> Finding:
    if not GOVERNOR.is_file():
        return green("cpu governor", "this machine sets none")
    governor = GOVERNOR.read_text(encoding="utf-8").strip()
    if governor == "performance":
        return green("cpu governor", governor)
    return Finding(
        "cpu governor", Level.YELLOW, governor,
        "for a steadier rate: sudo cpupower frequency-set --governor performance",
    )  # fmt: skip


def _kernel(demanded: bool) -> Finding:
    release = os.uname().release
    if REALTIME.is_file() and REALTIME.read_text(encoding="utf-8").strip() == "1":
        return green("kernel", f"{release}, real-time")
    if not demanded:
        return green("kernel", f"{release}, not real-time: this station does not ask for it")
    return Finding(
        "kernel", Level.RED, f"{release}, not real-time, and the station's file has 'realtime_kernel: true'",
        "install a kernel with PREEMPT_RT; for trials alone set 'realtime_kernel: false'",
    )  # fmt: skip


def _demands_realtime(node: Node) -> bool:
    """True if any part of a section of YAML says so."""
    if isinstance(node, SequenceNode):
        return any(_demands_realtime(entry) for entry in node.value)
    if not isinstance(node, MappingNode):
        return False
    return any((key.value, value.value) == REALTIME_KEY or _demands_realtime(value) for key, value in node.value)


def _priority() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    if soft > 0:
        return green("real-time priority", f"up to {soft}")
    return Finding(
        "real-time priority", Level.YELLOW, "not allowed to this user",
        "if the arm misses deadlines: add '@realtime - rtprio 90' to /etc/security/limits.conf, join that group, "
        "and log in again",
    )  # fmt: skip


def _adapters() -> Iterator[Finding]:
    """Serial adapters by FTDI hold data back for 16 ms unless they are told not to."""
    for timer in sorted(LATENCY_TIMERS.glob("*/latency_timer")):
        value = timer.read_text(encoding="utf-8").strip()
        what = f"adapter {timer.parent.name}"
        if value == "1":
            yield green(what, "latency timer 1 ms")
        else:
            do = f"echo 1 | sudo tee {timer}, or install the shipped udev rules"
            yield Finding(what, Level.YELLOW, f"latency timer {value} ms", do)
