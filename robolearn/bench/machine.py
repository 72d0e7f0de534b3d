"""What a raw result must say to be repeated: command, machine, versions, date, and every round."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from robolearn import __version__
from robolearn.bench.compare import Plan, Round

CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system and Python of this machine."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average_1_min": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def raw_result(name: str, plan: Plan, result: Mapping[str, Any], rounds: Sequence[Round]) -> dict[str, Any]:
    """The document of a comparison with a peer."""
    command = f"robolearn bench {name} --rounds {plan.rounds} --seconds {plan.seconds:g} --threads {plan.threads}"
    both = [{"robolearn": entry.ours._asdict(), "peer": entry.peer._asdict()} for entry in rounds]
    return {**raw_document(command, result), "rounds": both}


def raw_document(command: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """The document that is kept under ``benchmarks/results``."""
    return {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "robolearn": __version__,
        "machine": describe_machine(),
        "result": dict(result),
    }


def _cpu_name() -> str:
    if not CPU_INFO.is_file():
        return platform.processor() or platform.machine()
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
