"""Our side of ``bench twin``: steps of a whole station on the twin, and of its bare physics and pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np

from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Action
from robolearn.errors import BenchError, DeviceError
from robolearn.station import CameraConfig, Station, StationConfig
from sim.bare import Moment, bare_step, moment
from sim.world import TwinWorld

STATION, TASK = "so101_twin", "cube_in_bin"
SIDE = 128  # pixels
EPISODE_STEPS = 100  # as gym-hil's episodes
BLOCK_S = 0.5
WARM_UP_STEPS = 5


def measure(seconds: float) -> dict[str, float]:
    """Rates [1/s] of the station and of the bare loop, over ``seconds`` [s] each, and the share between them.

    The two take turns in short blocks, so that their quotient does not follow what else the machine does. The bare
    loop goes through the moments of one episode of the station.
    """
    config = _with_small_cameras(load_station(STATION))
    with closing(open_station(config, load_task(TASK))) as station:
        step = station_step(station)
        with bare_step(config, list(_episode(station, step))) as bare:
            rates = alternate([step, bare], seconds)
    return {
        "steps_per_s": rates[0],
        "bare_steps_per_s": rates[1],
        "share_of_bare_step_and_render": rates[0] / rates[1],
    }


def station_step(station: Station) -> Callable[[], None]:
    """A call that observes and acts at random once, and starts a new episode when it is due."""
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (EPISODE_STEPS, *station.action_spec.shape)).astype(np.float32)
    count = 0

    def step() -> None:
        nonlocal count
        if count % EPISODE_STEPS == 0:
            station.reset(seed=count)
        station.observe()
        try:
            station.act(Action(actions[count % EPISODE_STEPS]))
            count += 1
        except DeviceError:  # thrown about at random, the tool may be stopped for leaving its workspace
            count += EPISODE_STEPS - count % EPISODE_STEPS

    return step


def _episode(station: Station, step: Callable[[], None]) -> Iterator[Moment]:
    """The moments of one episode."""
    if not isinstance(station.world, TwinWorld):
        raise BenchError(f"station {STATION} is no twin")
    for _ in range(EPISODE_STEPS):
        step()
        yield moment(station.world.scene)


def alternate(steps: list[Callable[[], None]], seconds: float) -> list[float]:
    """Rate [1/s] of each of ``steps``, each measured for ``seconds`` [s] in turns of half a second."""
    for step in steps:
        for _ in range(WARM_UP_STEPS):
            step()
    counts, taken_s = [0] * len(steps), [0.0] * len(steps)
    while min(taken_s) < seconds:
        for number, step in enumerate(steps):
            start = time.perf_counter()
            while (elapsed := time.perf_counter() - start) < min(BLOCK_S, seconds):
                step()
                counts[number] += 1
            taken_s[number] += elapsed
    return [count / taken for count, taken in zip(counts, taken_s, strict=True)]


def _with_small_cameras(config: StationConfig) -> StationConfig:
    cameras = {name: CameraConfig(SIDE, SIDE, camera.fps) for name, camera in config.cameras.items()}
    return replace(config, cameras=cameras)
