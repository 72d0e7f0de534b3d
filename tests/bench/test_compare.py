"""Rounds alternate, medians count, and the exit status follows from ratios that were measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robolearn.bars import holds
from robolearn.bench.compare import Plan, Round, compare, medians, run_rounds
from robolearn.bench.sides import Side
from robolearn.bench.table import TABLE, Benchmark, Floor, Ratio, find
from robolearn.errors import BenchError, ConfigError

PLAN = Plan(rounds=3, seconds=0.1, threads=1)
SAMPLE = Benchmark(
    "sample",
    "robolearn.bench.twin",
    "gym_hil_twin.py",
    (Ratio("speed", "steps_per_s", "steps_per_s", 100.0), Ratio("size", "bytes", "bytes", 1 / 12, "<=")),
    (Floor("share", 0.7),),
)


def side(**figures: float) -> Side:
    return Side(figures, {}, {})


def rounds(steps: list[float], share: float = 0.8) -> list[Round]:
    """One round for each of our ``steps`` per second; the peer does one, and stores twelve bytes."""
    peer = side(steps_per_s=1.0, bytes=12.0)
    return [Round(side(steps_per_s=rate, bytes=1.0, share=share), peer) for rate in steps]


def recorder(folder: Path, name: str) -> list[str]:
    """Command of a side that notes in a common log that it ran."""
    path = folder / f"{name}.py"
    path.write_text(
        f"with open({str(folder / 'log')!r}, 'a') as log:\n    log.write({name!r} + ' ')\n"
        'print(\'{"figures": {"steps_per_s": 1}, "settings": {}, "versions": {}}\')\n'
    )
    return [sys.executable, str(path)]


def test_the_sides_take_turns(tmp_path: Path) -> None:
    notes: list[str] = []
    done = run_rounds(recorder(tmp_path, "ours"), recorder(tmp_path, "peer"), PLAN, notes.append)
    assert (tmp_path / "log").read_text().split() == ["ours", "peer"] * 3
    assert len(done) == 3 and len(notes) == 6


def test_the_median_of_each_figure_counts() -> None:
    assert medians([{"a": 1.0}, {"a": 50.0}, {"a": 2.0}]) == {"a": 2.0}


def test_every_bar_holds_when_every_ratio_clears_it() -> None:
    result = compare(SAMPLE, rounds([90.0, 120.0, 130.0]), PLAN)
    assert holds(result)
    assert result["ratios"] == {"speed": 120.0, "size": 1 / 12}
    assert [bar["name"] for bar in result["bars"]] == ["speed", "size", "share"]


@pytest.mark.parametrize(("steps", "share", "missed"), [([99.0] * 3, 0.8, "speed"), ([200.0] * 3, 0.69, "share")])
def test_a_missed_bar_is_named(steps: list[float], share: float, missed: str) -> None:
    result = compare(SAMPLE, rounds(steps, share), PLAN)
    assert not holds(result)
    assert [bar["name"] for bar in result["bars"] if not bar["ok"]] == [missed]


def test_a_figure_that_a_side_did_not_measure_is_named() -> None:
    lacking = [Round(side(bytes=1.0, share=1.0), side(steps_per_s=1.0, bytes=12.0))]
    with pytest.raises(BenchError, match="robolearn did not measure 'steps_per_s'; it measured bytes, share"):
        compare(SAMPLE, lacking, PLAN)


def test_an_unknown_benchmark_is_told_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'replay'"):
        find("replai")


def test_the_bars_of_the_comparison_are_the_promised_ones() -> None:
    promised = {
        ratio.name: (ratio.sense, ratio.bar)
        for benchmark in TABLE
        for ratio in benchmark.ratios
        if ratio.bar is not None
    }
    assert promised == {
        "steps_vs_gym_hil": (">=", 100.0),
        "sampling_vs_lerobot_cached_features": (">=", 200.0),
        "bytes_vs_lerobot_cached_features": ("<=", 1 / 12),
        "recording_vs_lerobot": (">=", 10.0),
        "random_read_vs_lerobot": (">=", 10.0),
        "updates_vs_lerobot_cached_features": (">=", 100.0),
    }


def test_a_ratio_on_cached_features_stands_beside_the_one_on_pixels() -> None:
    names = [ratio.name for benchmark in TABLE for ratio in benchmark.ratios]
    cached = [name for name in names if name.endswith("_cached_features")]
    assert cached and all(name.replace("_cached_features", "_pixels") in names for name in cached)
