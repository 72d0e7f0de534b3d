"""Our side of one benchmark alone: ``python -m robolearn.bench replay`` ends with one line of JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from importlib.metadata import version

from robolearn.bench.table import BENCHMARKS, find

PACKAGES = ("robolearn", "numpy", "torch", "mujoco", "numba", "zarr")


def main() -> None:
    """Measure, and write figures, settings and versions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to measure, after warm-up")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="limit set by the caller's environment")
    arguments = parser.parse_args()
    module = importlib.import_module(find(arguments.benchmark).ours)
    line = {
        "figures": module.measure(arguments.seconds),
        "settings": {"threads": arguments.threads},
        "versions": {package: version(package) for package in PACKAGES},
    }
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
