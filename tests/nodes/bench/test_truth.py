"""The log of a twin is judged by what it says: motions out of a limit, and how long the arm went on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robolearn.backends import load_station
from robolearn.contracts import Float
from robolearn.nodes.bench import truth

STATION = load_station("so101_twin")
LIMITS = STATION.limits
DT_S, ROWS = 0.002, 1500
INSIDE = np.add(LIMITS.workspace.min_base_m, LIMITS.workspace.max_base_m) / 2


def rows(commands: Float) -> Float:
    """An arm that rests inside its limits, a row for each count of commands."""
    made = np.zeros((len(commands), 2 + 5 + 3))
    made[:, 0] = DT_S * np.arange(1, len(commands) + 1)
    made[:, 1] = commands
    made[:, -3:] = INSIDE
    return made


def log(folder: Path, written: Float, cut: int = 0) -> truth.Truth:
    """What is read of it; ``cut`` bytes of its end are missing."""
    data = written.tobytes()
    (folder / "1.f64").write_bytes(data[: len(data) - cut])
    return truth.of_twin(folder / "1.f64", STATION)


def streamed(until: int) -> Float:
    """A command each 20 ms up to a row."""
    return np.minimum(np.arange(ROWS) // 10, until // 10).astype(float)


def test_a_row_cut_short_and_rows_before_the_first_reset_are_left_out(tmp_path: Path) -> None:
    written = rows(streamed(ROWS))
    written[:5, -3:] = 9.0
    assert len(log(tmp_path, written, cut=7).time_s) == ROWS - 6


@pytest.mark.parametrize(
    ("column", "value", "limit"),
    [
        (2, LIMITS.joint_upper_rad[0] + 0.05, "joint_range"),
        (-1, LIMITS.workspace.min_base_m[2] - 0.02, "workspace"),
    ],
)
def test_each_motion_out_of_a_limit_is_counted_by_its_name(
    tmp_path: Path, column: int, value: float, limit: str
) -> None:
    written = rows(streamed(ROWS))
    written[100:200, column] = written[300:305, column] = value
    seen = log(tmp_path, written)
    entered_s = pytest.approx([DT_S * 101, DT_S * 301])
    assert truth.outside(seen, STATION) == {"joint_range": [], "joint_speed": [], "workspace": [], limit: entered_s}
    assert max(truth.excess(seen, STATION).values()) > 0.0


def test_where_a_reset_puts_the_tool_is_no_motion_but_what_it_strays_from_there_is(tmp_path: Path) -> None:
    top = LIMITS.workspace.max_base_m[2]
    written = rows(streamed(ROWS))
    written[400:, 2] = 0.1  # the arm stands elsewhere at once: it was reset
    written[400:500, -1] = top + 0.015
    seen = log(tmp_path, written)
    assert truth.outside(seen, STATION)["workspace"] == []
    assert truth.excess(seen, STATION)["workspace_m"] == 0.0
    written[450:460, -1] = top + 0.03
    assert truth.outside(log(tmp_path, written), STATION)["workspace"] == [pytest.approx(DT_S * 451)]
    written[600:700, -1] = top + 0.015
    assert len(truth.outside(log(tmp_path, written), STATION)["workspace"]) == 2


def test_speeds_are_taken_over_a_tenth_of_a_second_and_not_over_a_reset(tmp_path: Path) -> None:
    limit = LIMITS.joint_speed_rad_s[0]
    written = rows(streamed(ROWS))
    written[:, 2] = np.interp(np.arange(ROWS), [400, 460], [0.0, 0.8 * limit * 60 * DT_S])
    written[700:, 2] += 0.5
    assert truth.outside(log(tmp_path, written), STATION)["joint_speed"] == []
    written[:, 2] = np.interp(np.arange(ROWS), [400, 460], [0.0, 1.5 * limit * 60 * DT_S])
    seen = log(tmp_path, written)
    assert len(truth.outside(seen, STATION)["joint_speed"]) == 1
    assert truth.excess(seen, STATION)["joint_speed_share"] == pytest.approx(0.5)


@pytest.mark.parametrize("fault_s", [0.8, 1.015], ids=["before", "with the next command due"])
def test_the_time_to_rest_counts_from_the_last_command(tmp_path: Path, fault_s: float) -> None:
    written = rows(streamed(500))
    written[:, 2] = np.interp(np.arange(ROWS), [0, 560], [0.0, 0.5])
    found = truth.rest_s(log(tmp_path, written), fault_s)
    assert found == pytest.approx(60 * DT_S - truth.STILL_RAD / 0.5 * 560 * DT_S, abs=0.005)


def test_a_stream_that_goes_on_has_no_rest(tmp_path: Path) -> None:
    assert truth.rest_s(log(tmp_path, rows(streamed(ROWS))), 0.8) is None
