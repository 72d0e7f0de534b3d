"""The shortened form of the calibration benchmark: the same routines, fewer draws."""

from __future__ import annotations

from dataclasses import fields

import pytest

from robolearn.bench.calibration import CHANGES, Amount, measure
from robolearn.cli.main import BAD_INPUT, main

SHORT = Amount(cells=1, looks=20, motions=1, unchanged=3, changed=1, drift_poses=5)
NEEDS_MANY_TRIALS = {"drift_false_alarms_upper_95"}


@pytest.mark.timeout(900)
def test_every_routine_keeps_its_bar_on_a_drawn_cell() -> None:
    done: list[str] = []
    result = measure(SHORT, seed=0, done=done.append)
    missed = {bar["name"] for bar in result["bars"] if not bar["ok"]}
    assert missed == NEEDS_MANY_TRIALS, result
    assert result["drift"]["false_alarms"] == 0 and set(result["drift"]["found"]) == set(CHANGES)
    assert result["cells"] == 2 and len(done) == 5 + len(CHANGES)


@pytest.mark.parametrize("option", [f"--{field.name}" for field in fields(Amount) if field.name != "drift_poses"])
def test_an_amount_of_nothing_is_refused(option: str) -> None:
    assert main(["bench", "calibration", option, "0"]) == BAD_INPUT
