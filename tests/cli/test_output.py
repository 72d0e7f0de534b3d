"""What a command found is written so that a program and a person can read it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from robolearn.cli.output import as_line, as_table
from robolearn.statistics import wilson


def test_numpy_paths_and_tuples_become_plain_json_on_one_line() -> None:
    result = {
        "rate": np.float32(0.5),
        "count": np.int64(3),
        "counts": np.array([[1, 2]]),
        "ci95": wilson(0, 0),
        "report": Path("runs/report.html"),
        "ok": np.True_,
        "none": None,
    }
    line = as_line(result)
    assert "\n" not in line
    assert json.loads(line) == {
        "rate": 0.5,
        "count": 3,
        "counts": [[1, 2]],
        "ci95": [0.0, 1.0],
        "report": "runs/report.html",
        "ok": True,
        "none": None,
    }


def test_what_is_not_a_number_is_null_and_the_line_stays_json() -> None:
    result = {"a": float("nan"), "b": [np.inf, 1.0], "c": {"d": np.array([np.nan])}}
    assert json.loads(as_line(result)) == {"a": None, "b": [None, 1.0], "c": {"d": [None]}}


def test_the_table_joins_nested_names_and_shortens_numbers() -> None:
    table = as_table({"reward": {"precision": 0.98765432, "recall": 1.0}, "ci95": (0.9, 0.99)})
    assert table.splitlines() == [
        "reward.precision  0.9877",
        "reward.recall     1",
        "ci95              [0.9, 0.99]",
    ]
