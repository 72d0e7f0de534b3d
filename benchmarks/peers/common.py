"""What the peer scripts share: arguments, timing, and the one line of JSON that each ends with."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version

CAMERA_KEYS = ("observation.images.front", "observation.images.wrist")


def parse_arguments(description: str) -> argparse.Namespace:
    """Read --seconds and --threads, and hold every numerical library to that many threads.

    Call it before torch or numpy is imported: they read the variables at import."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure, after warm-up")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of the numerical libraries")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return arguments


def calls_per_second(call: Callable[[], object], seconds: float, warm_up: int) -> float:
    """Rate of ``call`` over at least ``seconds`` [s] and three calls, after ``warm_up`` calls."""
    for _ in range(warm_up):
        call()
    calls, start = 0, time.perf_counter()
    while calls < 3 or time.perf_counter() - start < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - start)


def report(figures: Mapping[str, float], settings: Mapping[str, object], packages: tuple[str, ...]) -> None:
    """Write the line of JSON that the harness reads: figures, settings and versions."""
    line = {
        "figures": dict(figures),
        "settings": dict(settings),
        "versions": {package: version(package) for package in packages},
    }
    sys.stdout.write(json.dumps(line) + "\n")
