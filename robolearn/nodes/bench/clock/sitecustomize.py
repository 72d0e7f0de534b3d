"""Sets the wall clock of a Python process: a file says by how many seconds. Monotonic time goes on as it does.

Python imports a module of this name at its start if it lies on ``PYTHONPATH``. Only what asks Python for the time is
deceived; the middleware is not.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

STEP = Path(os.environ["ROBOLEARN_FAULTS_CLOCK"])
_true_ns = time.time_ns


def _stepped_ns() -> int:
    return _true_ns() + round(float(STEP.read_text(encoding="ascii")) * 1e9)


def _stepped_s() -> float:
    return _stepped_ns() * 1e-9


time.time_ns, time.time = _stepped_ns, _stepped_s
