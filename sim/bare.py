"""The least that a step of the twin can cost: physics and pictures of the same scene, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from robolearn.headless import choose_gl_backend
from robolearn.station import StationConfig
from sim.arm import JOINTS
from sim.scene import Scene

choose_gl_backend()

import mujoco  # noqa: E402


@contextmanager
def bare_step(station: StationConfig) -> Iterator[Callable[[], None]]:
    """Yields a call that does one policy period of physics, and one picture of each camera of the station.

    Straight on MuJoCo's own calls, with shadows off as in the twin; no arm, no camera, no noise, no copies.
    """
    scene = Scene(JOINTS, tuple(station.cameras))
    model, data = scene.model, scene.data
    substeps = round(1.0 / (station.policy_hz * model.opt.timestep))
    views = [
        (_renderer(model, camera.width, camera.height), camera_id)
        for camera, camera_id in zip(station.cameras.values(), scene.camera_ids, strict=True)
    ]

    def step() -> None:
        mujoco.mj_step(model, data, substeps)
        for renderer, camera_id in views:
            renderer.update_scene(data, camera_id)
            renderer.render()

    try:
        yield step
    finally:
        for renderer, _ in views:
            renderer.close()


def _renderer(model: mujoco.MjModel, width: int, height: int) -> mujoco.Renderer:
    renderer = mujoco.Renderer(model, height, width)
    renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
    return renderer
