"""Latency and noise of an episode are what its draws say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robolearn.contracts import ArmCommand, CommandMode
from sim.config import Randomisation
from sim.renderer import SceneRenderer
from sim.world import TwinWorld
from tests.sim.cells import STATION, twin_task

NS = 1_000_000_000
PERIOD_NS = round(NS / STATION.control_hz)
STILL: dict[str, tuple[float, float]] = {
    "camera_latency_s": (0.0, 0.0), "arm_latency_s": (0.0, 0.0), "image_noise": (0.0, 0.0),
    "joint_noise_rad": (0.0, 0.0),
}  # fmt: skip


def world_with(**ranges: float) -> TwinWorld:
    """A twin whose draws are fixed at ``ranges``, and without latency or noise otherwise."""
    task = twin_task("lift_cube")
    fixed = {**STILL, **{name: (value, value) for name, value in ranges.items()}}
    randomise: Randomisation = replace(task.randomise, **fixed)
    world = TwinWorld(STATION.camera_specs(), STATION.control_hz, replace(task, randomise=randomise))
    world.arm.connect()
    return world


@pytest.mark.parametrize("latency_s", [0.0, 0.02, 0.04])
def test_a_command_reaches_the_servos_after_the_arms_latency(latency_s: float) -> None:
    world = world_with(arm_latency_s=latency_s)
    world.reset(0)
    start = world.arm.read().joint_position_rad[0]
    target = world.arm.read().joint_position_rad + np.array([0.2, 0, 0, 0, 0])
    moved_at = None
    for tick in range(10):
        now_ns = world.clock.now_ns()
        world.arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, None))
        world.clock.sleep_until(now_ns + PERIOD_NS)
        if moved_at is None and abs(world.arm.read().joint_position_rad[0] - start) > 0.002:
            moved_at = tick
    assert moved_at == round(latency_s * STATION.control_hz)


@pytest.mark.parametrize("latency_s", [0.0, 0.02, 0.04])
def test_a_frame_is_delivered_its_latency_after_it_was_exposed(latency_s: float) -> None:
    world = world_with(camera_latency_s=latency_s)
    camera = world.cameras["front"]
    camera.connect()
    world.reset(0)
    ages, stamp_ns = [], camera.read().stamp_ns
    for _ in range(50):
        world.clock.sleep_until(world.clock.now_ns() + PERIOD_NS)
        frame = camera.read()
        if frame.stamp_ns != stamp_ns:
            ages.append((world.clock.now_ns() - frame.stamp_ns) / NS)
            stamp_ns = frame.stamp_ns
    world.close()
    assert len(ages) == round(STATION.cameras["front"].fps)  # in one second
    assert ages == pytest.approx([latency_s] * len(ages))


def test_a_picture_shows_the_moment_it_was_taken_at_however_late_it_is_looked_at() -> None:
    world = world_with(camera_latency_s=0.04)
    camera, size = world.cameras["wrist"], (STATION.cameras["wrist"].width, STATION.cameras["wrist"].height)
    camera_id, at_once = int(world.scene.model.camera("wrist").id), SceneRenderer(world.scene)
    camera.connect()
    at_once.prepare(*size)
    world.reset(0)
    target = world.arm.read().joint_position_rad + np.array([0.2, 0, 0, 0, 0])
    seen = {}
    for _ in range(20):
        now_ns = world.clock.now_ns()
        world.arm.command(ArmCommand(now_ns, CommandMode.JOINT_POSITION, target, None))
        world.clock.sleep_until(now_ns + PERIOD_NS)
        seen[world.clock.now_ns()] = at_once.render(camera_id, *size)
    frame = camera.read()
    at_once.close()
    world.close()
    assert frame.stamp_ns < world.clock.now_ns()
    assert (frame.rgb == seen[frame.stamp_ns]).all()
    assert (frame.rgb != seen[world.clock.now_ns()]).any()


@pytest.mark.parametrize("noise_rad", [0.0, 0.002])
def test_joint_readings_scatter_as_drawn(noise_rad: float) -> None:
    world = world_with(joint_noise_rad=noise_rad)
    world.reset(0)
    errors = []
    for _ in range(500):
        world.clock.sleep_until(world.clock.now_ns() + PERIOD_NS)
        truth_rad = world.scene.data.qpos[world.scene.joint_qpos]
        errors.append(world.arm.read().joint_position_rad - truth_rad)
    np.testing.assert_allclose(np.std(errors, axis=0), noise_rad, rtol=0.15, atol=1e-9)


def test_reading_again_at_the_same_time_reads_the_same_and_changes_nothing_later() -> None:
    readings = {}
    for times in (1, 3):
        world = world_with(joint_noise_rad=0.002)
        world.reset(0)
        for _ in range(3):
            at_once = [world.arm.read().joint_position_rad for _ in range(times)]
            world.clock.sleep_until(world.clock.now_ns() + PERIOD_NS)
        np.testing.assert_array_equal(at_once, [at_once[0]] * times)
        readings[times] = world.arm.read().joint_position_rad
    np.testing.assert_array_equal(readings[1], readings[3])


@pytest.mark.parametrize("level", [0.0, 4.0])
def test_pictures_are_as_noisy_as_drawn(level: float) -> None:
    world, clean = world_with(image_noise=level), world_with()
    pictures = []
    for each in (world, clean):
        each.cameras["front"].connect()
        each.reset(0)
        pictures.append(each.cameras["front"].read().rgb.astype(float))
        each.close()
    middle = (pictures[1] > 30) & (pictures[1] < 225)  # noise at the ends of the range is cut off
    assert (pictures[0] - pictures[1])[middle].std() == pytest.approx(level, rel=0.1, abs=1e-9)
