"""Our side of ``bench twin``: steps of a whole station on the twin, and of its bare physics and pictures."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace

import numpy as np

from robolearn.backends import load_station, load_task, open_station
from robolearn.contracts import Action
from robolearn.station import CameraConfig, Station, StationConfig

STATION, TASK, BARE = "so101_twin", "cube_in_bin", "sim.bare"
SIDE = 128  # pixels
EPISODE_STEPS = 100  # as gym-hil's episodes
BLOCK_S = 0.5
WARM_UP_STEPS = 5
BareStep = Callable[[StationConfig], AbstractContextManager[Callable[[], None]]]


def measure(seconds: float) -> dict[str, float]:
    """Rates [1/s] of the station and of the bare loop, over ``seconds`` [s] each, and the share between them.

    The two take turns in short blocks, so that their quotient does not follow what else the machine does.
    """
    config = _with_small_cameras(load_station(STATION))
    bare_step: BareStep = importlib.import_module(BARE).bare_step
    with closing(open_station(config, load_task(TASK))) as station, bare_step(config) as bare:
        rates = alternate([station_step(station), bare], seconds)
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
        station.act(Action(actions[count % EPISODE_STEPS]))
        count += 1

    return step


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
