"""A bar is cleared by a number on its right side, and by nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from robolearn.bars import Bar, Sense, between, holds, outcome


@pytest.mark.parametrize(
    ("value", "sense", "bar", "ok"),
    [
        (0.95, ">=", 0.95, True),
        (0.94, ">=", 0.95, False),
        (15.0, "<=", 15.0, True),
        (15.1, "<=", 15.0, False),
        (float("nan"), ">=", 0.0, False),
        (float("nan"), "<=", 0.0, False),
        (float("inf"), "<=", 900.0, False),
    ],
)
def test_a_bar_holds_on_its_side_and_never_for_nan(value: float, sense: Sense, bar: float, ok: bool) -> None:
    assert Bar("x", value, bar, sense).ok is ok


@pytest.mark.parametrize(("value", "ok"), [(0.14, False), (0.15, True), (0.7, True), (0.71, False), (np.nan, False)])
def test_a_range_holds_inside_only(value: float, ok: bool) -> None:
    assert holds(outcome({}, between("base_success", value, 0.15, 0.7))) is ok


def test_an_outcome_carries_the_figures_and_every_bar_as_plain_json() -> None:
    result = outcome({"seed": 1}, [Bar("final_success", np.float32(1.0), 0.95, ">=")])
    expected = {"name": "final_success", "value": 1.0, "sense": ">=", "bar": 0.95, "ok": True}
    assert json.loads(json.dumps(result)) == {"seed": 1, "bars": [expected]}


def test_one_missed_bar_decides() -> None:
    cleared, missed = Bar("a", 1.0, 0.0, ">="), Bar("b", 1.0, 0.0, "<=")
    assert holds(outcome({}, [cleared])) and not holds(outcome({}, [cleared, missed]))
    assert holds(outcome({}, []))


def test_a_figure_cannot_hide_the_bars() -> None:
    with pytest.raises(ValueError):
        outcome({"bars": []}, [Bar("a", 0.0, 1.0, ">=")])
