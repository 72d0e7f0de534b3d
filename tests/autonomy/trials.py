"""Trials that worker processes open by themselves, for the tests of this room."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from functools import cache
from typing import Any

from robolearn.autonomy.evaluation import Trial
from tests.autonomy.rig import ColumnReward, base_policy, open_reach

HOLD_TICKS = 2


@cache
def trial(broken: int | None = None, killed: int | None = None) -> Trial:
    """One whose camera is broken in one episode, or whose process is killed as another one begins."""
    cell, world = open_reach()
    reset = world.reset

    def begin(seed: int) -> Mapping[str, Any]:
        if seed == killed:
            os.kill(os.getpid(), signal.SIGKILL)
        world.camera.breaks_at_ns = 0 if seed == broken else None
        return reset(seed)

    world.reset = begin  # type: ignore[method-assign]
    return Trial(cell, base_policy(0.5), ColumnReward(), HOLD_TICKS, 4, None)
