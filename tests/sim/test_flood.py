"""Wild goals at full speed through the gate: an arm that lags, sticks and overshoots keeps the walls of its twin."""

from __future__ import annotations

import numpy as np

from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import ArmCommand, CommandMode, Float
from robolearn.errors import DeviceError
from robolearn.station import Station

RUNS, COMMANDS, REST = 24, 100, 20
PERIOD_NS = 20_000_000
TOLERATED_M = 0.010  # twice the slack


class Flood:
    """One run after another, each from a start state and with goals of its own."""

    def __init__(self, station: Station) -> None:
        self._station, self._box = station, station.config.limits.workspace
        (self._arm,) = station.world.arms.values()
        self._rng = np.random.default_rng(0)
        self.stopped = 0

    def run(self, seed: int) -> float:
        """How far out of the workspace the tool went [m], from when it was inside."""
        self._station.reset(seed)
        every, beyond_m, goal = int(self._rng.integers(1, 12)), [self._beyond_m()], np.zeros(0)
        for number in range(COMMANDS + REST):
            if number % every == 0:
                goal = self._rng.uniform(-2.0, 2.0, len(self._arm.spec.joint_names))
            if number < COMMANDS and self._station.arm.fault is None:
                self._send(goal)
            self._station.clock.sleep_until(self._station.clock.now_ns() + PERIOD_NS)
            beyond_m.append(self._beyond_m())
        inside = next(index for index, one in enumerate(beyond_m) if one <= 0.0)
        return max(beyond_m[inside:])

    def _send(self, goal: Float) -> None:
        try:
            self._station.arm.command(ArmCommand(self._station.clock.now_ns(), CommandMode.JOINT_POSITION, goal, None))
        except DeviceError:
            self.stopped += 1

    def _beyond_m(self) -> float:
        tool = self._arm.read().ee_position_base_m
        return float(np.maximum(self._box.min_base_m - tool, tool - self._box.max_base_m).max())


def test_the_twin_keeps_its_walls_under_wild_goals_and_is_hardly_ever_stopped() -> None:
    station = open_station(load_station("so101_twin"), load_task("cube_in_bin"))
    station.connect()
    flood = Flood(station)
    beyond_m = np.array([flood.run(seed) for seed in range(RUNS)])
    station.close()
    assert beyond_m.max() < TOLERATED_M, np.sort(beyond_m)[-5:]
    assert flood.stopped <= 1
