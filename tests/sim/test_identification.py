"""Rollouts of the described arm with other joints and servos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import artefacts
from calibration.identification import Recording, TwinParameters
from robolearn.backends import load_task
from robolearn.descriptions import description
from sim import backend
from sim.arm import JOINTS
from sim.identification import TIMESTEP_S, ArmRollouts, delayed, parameters_of
from sim.world import TwinWorld
from tests.sim.cells import STATION

PERIOD_S = 0.02
STEPS = round(PERIOD_S / TIMESTEP_S)
HOME_RAD = np.array([0.0, -0.38, 0.28, 1.0, 0.0])


def stepped() -> Recording:
    """A recording whose first joint is told to turn by 0.2 rad after half a second."""
    command = np.repeat(HOME_RAD[None], 100, axis=0)
    command[25:, 0] += 0.2
    return Recording(PERIOD_S, command, np.repeat(HOME_RAD[None], 100, axis=0))


@pytest.fixture(scope="module")
def rollouts() -> ArmRollouts:
    return ArmRollouts(description("so101"), JOINTS)


def test_the_arm_goes_where_it_is_told(rollouts: ArmRollouts) -> None:
    moved = rollouts(rollouts.nominal, stepped())
    assert moved.shape == (100, 5) and moved[20, 0] == pytest.approx(0.0, abs=0.01)
    assert moved[-1] == pytest.approx(stepped().command_rad[-1], abs=0.01)


def test_a_delay_shifts_the_motion_by_itself(rollouts: ArmRollouts) -> None:
    moved = rollouts(rollouts.nominal, stepped())
    later = rollouts(replace(rollouts.nominal, delay_s=3 * PERIOD_S), stepped())
    assert later[28:60, 0] == pytest.approx(moved[25:57, 0], abs=1e-3)


def test_parameters_of_one_rollout_do_not_stay_for_the_next(rollouts: ArmRollouts) -> None:
    before = rollouts(rollouts.nominal, stepped())
    softer = TwinParameters.of(JOINTS, np.array(rollouts.nominal.per_joint()) * 0.3, 0.01)
    assert np.abs(rollouts(softer, stepped()) - before).max() > 0.01
    assert rollouts(rollouts.nominal, stepped()) == pytest.approx(before)


def test_a_delay_within_a_physics_step_is_shared_between_steps() -> None:
    recording = stepped()
    half = delayed(recording, TIMESTEP_S / 2, STEPS)[:, 0]
    change = 25 * STEPS
    assert half[change - 1 : change + 2] == pytest.approx([0.0, 0.1, 0.2])
    assert delayed(recording, 0.0, STEPS)[change - 1 : change + 1, 0] == pytest.approx([0.0, 0.2])


def test_a_twin_whose_station_has_identified_parameters_moves_by_them(tmp_path: Path) -> None:
    softer = TwinParameters.of(JOINTS, np.full((5, len(JOINTS)), 0.5), 0.01)
    artefacts.save(tmp_path, "so101", STATION.name, softer, (0.001, "rad"), {})
    world = backend.world(replace(STATION, calibration=str(tmp_path)), load_task("lift_cube"))
    assert isinstance(world, TwinWorld)
    assert parameters_of(world.scene.model, JOINTS) == replace(softer, delay_s=0.0)
