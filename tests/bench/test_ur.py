"""``bench ur`` in short: on any machine the arm stays where it is until it is re-armed, and the driver lives."""

from __future__ import annotations

import numpy as np
import pytest

from robolearn.bench import ur
from robolearn.bench.jitter import between, beyond


@pytest.mark.timeout(300)
def test_after_every_fault_nothing_moves_until_rearmed_and_the_driver_is_alive() -> None:
    result = ur.measure(2.0, 1, lambda note: None)
    held = {bar["name"]: bar["ok"] for bar in result["bars"]}
    assert held["moved_before_rearming"] and held["alive_and_rearmed"], result
    assert result["commands"] > 1 and result["machine_gap_ms_worst"] > 0.0
    assert {f"{name}_told_ms" for name in ur.FAULTS} <= held.keys()


def test_a_gap_is_shorter_by_what_the_machine_was_late_at_about_the_same_time() -> None:
    ours = np.array([0.0, 0.008, 0.050, 0.058, 2.0])
    machine = np.array([0.0, 0.008, 0.040, 0.048])
    np.testing.assert_allclose(beyond(ours, machine, 0.008, 0.25), [-0.016, 0.018, -0.016, 1.942])
    np.testing.assert_allclose(beyond(ours, machine[:2], 0.008, 0.25), np.diff(ours), atol=1e-9)


def test_only_what_comes_in_the_time_counts() -> None:
    np.testing.assert_array_equal(between(np.array([0.0, 1.0, 2.0, 3.0]), 0.5, 2.0), [1.0, 2.0])
