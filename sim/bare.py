"""The least that a step of the twin can cost: physics and pictures of the same scene, and no more."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from robolearn.contracts import Float
from robolearn.headless import choose_gl_backend
from robolearn.station import StationConfig
from sim.arm import JOINTS
from sim.scene import Scene

choose_gl_backend()

import mujoco  # noqa: E402


class Moment(NamedTuple):
    """Where a scene was at one policy step, and what its servos were told."""

    qpos: Float
    qvel: Float
    ctrl: Float


def moment(scene: Scene) -> Moment:
    """A copy of where ``scene`` is now."""
    data = scene.data
    return Moment(data.qpos.copy(), data.qvel.copy(), data.ctrl.copy())


@contextmanager
def bare_step(station: StationConfig, course: Sequence[Moment]) -> Iterator[Callable[[], None]]:
    """Yields a call that does one policy period of physics, and one picture of each camera of the station.

    Straight on MuJoCo's own calls, with shadows off as in the twin; no arm, no camera, no noise, no copies. Each call
    starts from the next moment of ``course``, round and round, so that it has the same contacts and the same views.
    """
    scene = Scene(JOINTS, tuple(station.cameras))
    model, data = scene.model, scene.data
    substeps = round(1.0 / (station.policy_hz * model.opt.timestep))
    views = [
        (_renderer(model, camera.width, camera.height), camera_id)
        for camera, camera_id in zip(station.cameras.values(), scene.camera_ids, strict=True)
    ]
    moments = itertools.cycle(course)

    def step() -> None:
        data.qpos, data.qvel, data.ctrl = next(moments)
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
