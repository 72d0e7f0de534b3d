"""Charts put data where their axes say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robolearn.contracts import Ending
from robolearn.report.charts import rolling_success, series, timing_budget
from robolearn.report.data import Timing
from robolearn.report.metrics import Episode
from robolearn.report.svg import Axes, nice_ticks
from robolearn.report.text import duration, milliseconds, percent


def episodes(*successes: bool) -> list[Episode]:
    """Episodes of 10 steps each."""
    return [Episode(i, 10, 10 * (i + 1), s, Ending.TIMEOUT, 0, 0, 0.0) for i, s in enumerate(successes)]


def test_rolling_success_looks_back_twenty_episodes_and_starts_at_the_fifth() -> None:
    points = rolling_success(episodes(*[False] * 10, *[True] * 15))
    assert points[0] == (50, 0.0)
    assert points[9] == (140, 4 / 14)
    assert points[-1] == (250, 15 / 20)
    assert len(points) == 21


def test_a_success_that_somebody_helped_with_does_not_count() -> None:
    helped = [replace(episode, intervention_steps=3) for episode in episodes(*[True] * 5)]
    assert rolling_success(helped) == [(50, 0.0)]


def test_fewer_than_five_episodes_give_no_curve() -> None:
    assert rolling_success(episodes(True, True, True, True)) == []


@pytest.mark.parametrize(
    ("low", "high", "about", "ticks"),
    [
        (0.0, 1.0, 5, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 18.25, 8, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
        (-0.8, -0.1, 4, [-0.8, -0.6, -0.4, -0.2]),
        (3.0, 3.0, 4, [3.0]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, about: int, ticks: list[float]) -> None:
    assert nice_ticks(low, high, about) == pytest.approx(ticks)


def test_axes_map_corners_to_corners_and_grow_upwards() -> None:
    axes = Axes(10, 20, 100, 50, (0.0, 4.0), (-1.0, 1.0))
    assert (axes.x(0), axes.x(4), axes.y(-1), axes.y(1), axes.y(0)) == (10, 110, 70, 20, 45)


def test_a_constant_series_and_one_of_one_value_can_be_drawn() -> None:
    assert "From 2 to 2" in series("Mean Q", [(0, 2.0), (50, 2.0)])


def test_a_long_series_is_thinned_but_keeps_its_last_point() -> None:
    chart = series("Critic loss", [(i, float(i)) for i in range(10_000)])
    drawn = chart.split('points="')[1].split('"')[0].split()
    assert len(drawn) < 350
    assert "to 9999," in chart


def test_a_part_that_took_no_measurable_time_is_drawn_at_the_edge() -> None:
    chart = timing_budget([Timing("gate", 0.0, 0.02, 5.0)])
    assert 'cx="120"' in chart
    assert "Over budget at the 99th percentile: none." in chart


def test_figures_are_written_for_people() -> None:
    assert percent(0.975).replace("\xa0", " ") == "97.5 %"
    assert percent(0.0031).replace("\xa0", " ") == "0.31 %"
    assert percent(None) == "not measured"
    assert [duration(s).replace("\xa0", " ") for s in (9.62, 59.97, 754, 7260)] == [
        "9.6 s",
        "1 min 0 s",
        "12 min 34 s",
        "2 h 1 min",
    ]
    assert [milliseconds(ms) for ms in (0.0412, 12.34, 1234.5)] == ["0.0412", "12.3", "1234"]
