"""The charts of the report, each a function from checked data to one inline SVG drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from robolearn.report import text
from robolearn.report.data import RewardQuality, Timing
from robolearn.report.evaluation import Evaluation
from robolearn.report.metrics import Episode
from robolearn.report.summary import robot_minutes
from robolearn.report.svg import (
    Axes,
    Element,
    dot,
    drawing,
    element,
    label,
    line,
    nice_ticks,
    polyline,
    rectangle,
    whisker,
)

ROLLING_WINDOW = 20  # episodes
ROLLING_START = 5  # fewer say nothing
LANE = 92.0  # room beside the practice for the evaluation before and after it
PERCENT_TICKS = [(tick / 100, f"{tick} %") for tick in range(0, 101, 25)]


def rolling_success(episodes: Sequence[Episode]) -> list[tuple[int, float]]:
    """(cumulative robot steps, share of unaided successes in up to ROLLING_WINDOW episodes that end there)."""
    points = []
    for end in range(ROLLING_START, len(episodes) + 1):
        recent = episodes[max(0, end - ROLLING_WINDOW) : end]
        points.append((episodes[end - 1].robot_steps, sum(e.unaided for e in recent) / len(recent)))
    return points


def learning_curve(
    episodes: Sequence[Episode], policy_hz: float, base: Evaluation | None, final: Evaluation | None
) -> Markup:
    """Rolling success of practice against robot minutes, between the evaluations before and after."""
    last = robot_minutes(episodes[-1].robot_steps, policy_hz)
    axes = Axes(58 + LANE, 34, 880 - 58 - 18 - 2 * LANE, 250, (0.0, last), (0.0, 1.0))
    whole = Axes(58, 34, 880 - 58 - 18, 250, (0.0, 1.0), (0.0, 1.0))
    curve = [(robot_minutes(steps, policy_hz), rate) for steps, rate in rolling_success(episodes)]
    parts = whole.y_grid(PERCENT_TICKS)
    minutes = [(tick, f"{tick:g}") for tick in nice_ticks(0, last, 8)]
    parts += axes.x_ticks(minutes, "robot time practised [min]")
    parts += _episode_rug(axes, episodes, policy_hz)
    parts.append(polyline([(axes.x(x), axes.y(y)) for x, y in curve], "curve"))
    right = axes.left + axes.width
    for evaluation, name, x in ((base, "before", 58 + LANE / 2), (final, "after", right + LANE / 2)):
        parts += _evaluation_lane(axes, evaluation, name, x)
    described = f"{len(episodes)} episodes in {text.minutes(last)} of robot time."
    if curve:
        described += f" Success of the last ones was {text.percent(curve[-1][1])}."
    return drawing(880, 338, "Learning curve", described, parts)


def _episode_rug(axes: Axes, episodes: Sequence[Episode], policy_hz: float) -> list[Element]:
    """One mark an episode: successes at the top, the rest at the bottom, a triangle where a person helped."""
    parts = []
    bottom = axes.top + axes.height
    for episode in episodes:
        x = axes.x(robot_minutes(episode.robot_steps, policy_hz))
        top = axes.top - 11 if episode.success else bottom - 9
        parts.append(line(x, top, x, top + 9, "rug-success" if episode.success else "rug-failure"))
        if episode.intervention_steps:
            parts.append(element("path", d=f"M{x - 4:.1f} {axes.top - 15:.1f}h8l-4 6z", class_="rug-person"))
    return parts


def _evaluation_lane(axes: Axes, evaluation: Evaluation | None, name: str, x: float) -> list[Element]:
    lane = rectangle(x - LANE / 2 + 6, axes.top, LANE - 12, axes.height, "lane")
    heading = label(x, axes.top + axes.height + 18, name, "middle", "axis")
    if evaluation is None:
        return [lane, heading, label(x, axes.y(0.5), text.NOT_MEASURED, "middle")]
    low, high = evaluation.ci95
    y = axes.y(evaluation.rate)
    below = evaluation.rate > 0.5
    at = axes.y(low) + 20 if below else axes.y(high) - 10
    value = label(x, at, text.percent(evaluation.rate), "middle", "value")
    span = whisker(x, axes.y(low), axes.y(high), "whisker")
    return [lane, heading, *span, dot(x, y, 4.5, f"mark-{name}"), value]


def success_bars(rows: Sequence[tuple[str, str, Evaluation]]) -> Markup:
    """(name, class suffix, evaluation) as horizontal bars with their Wilson 95 % intervals."""
    axes = Axes(64, 8, 356, 62.0 * len(rows), (0.0, 1.0), (0.0, float(len(rows))))
    bottom = axes.top + axes.height
    parts = [line(axes.x(tick), axes.top, axes.x(tick), bottom, "grid") for tick, _ in PERCENT_TICKS]
    described = []
    for row, (name, kind, evaluation) in enumerate(rows):
        y = axes.top + 62 * row + 31
        low, high = evaluation.ci95
        parts += [label(54, y + 4, name, "end", "axis")]
        parts += [rectangle(axes.left, y - 15, axes.width * evaluation.rate, 30, f"bar-{kind}")]
        parts += [line(axes.x(low), y, axes.x(high), y, "whisker")]
        parts += [line(axes.x(end), y - 6, axes.x(end), y + 6, "whisker") for end in (low, high)]
        described.append(f"{name}: {text.percent(evaluation.rate)} ({text.interval(evaluation.ci95)})")
    parts += axes.x_ticks(PERCENT_TICKS, "success on held-out resets")
    return drawing(446, int(bottom) + 48, "Success before and after practice", "; ".join(described), parts)


def calibration(quality: RewardQuality) -> Markup:
    """Observed success against predicted probability, the abstain band, and the frames of each bin."""
    axes = Axes(58, 12, 400, 270, (0.0, 1.0), (0.0, 1.0))
    counts = Axes(58, 294, 400, 44, (0.0, 1.0), (0.0, math.log1p(max(b.count for b in quality.calibration))))
    low, high = quality.threshold_low, quality.threshold_high
    parts = [rectangle(axes.x(low), axes.top, axes.width * (high - low), axes.height, "band")]
    parts += axes.y_grid(PERCENT_TICKS)
    parts += [line(axes.x(0), axes.y(0), axes.x(1), axes.y(1), "ideal")]
    for edge in (low, high):
        parts.append(line(axes.x(edge), axes.top, axes.x(edge), axes.top + axes.height, "threshold"))
    points = [(axes.x(b.mean_probability), axes.y(b.success_rate)) for b in quality.calibration]
    parts.append(polyline(points, "curve"))
    parts += [dot(x, y, 4.5, "mark-after") for x, y in points]
    for b in quality.calibration:
        left, right, top = counts.x(b.bin_low), counts.x(b.bin_high), counts.y(math.log1p(b.count))
        parts.append(rectangle(left + 1, top, right - left - 2, counts.y(0) - top, "bar-count"))
    parts.append(label(50, 320, "frames", "end"))
    parts += counts.x_ticks(PERCENT_TICKS, "probability of success that the model gave")
    frames = sum(b.count for b in quality.calibration)
    described = f"{frames} frames; the model abstains between {text.percent(low)} and {text.percent(high)}."
    return drawing(480, 382, "Calibration of the reward model", described, parts)


def timing_budget(timings: Sequence[Timing]) -> Markup:
    """Median to 99th percentile of each part of a control step, and its budget, on a log axis [ms]."""
    shown = [value for t in timings for value in (t.p50_ms, t.p99_ms, t.budget_ms) if value > 0]
    low, high = math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown)))
    axes = Axes(120, 12, 740, 34.0 * len(timings), (float(low), float(max(high, low + 1))), (0.0, 1.0))
    bottom = axes.top + axes.height
    decades = range(low, max(high, low + 1) + 1)
    parts = [line(axes.x(decade), axes.top, axes.x(decade), bottom, "grid") for decade in decades]
    for row, timing in enumerate(timings):
        y = axes.top + 34 * row + 17
        times_ms = (timing.p50_ms, timing.p99_ms, timing.budget_ms)
        p50, p99, budget = (axes.x(math.log10(max(ms, 10.0**low))) for ms in times_ms)
        over = "over" if timing.p99_ms > timing.budget_ms else "within"
        parts += [label(108, y + 4, timing.stage, "end", "axis"), line(p50, y, p99, y, f"span-{over}")]
        parts += [dot(p50, y, 5.0, f"dot-{over}"), line(p99, y - 7, p99, y + 7, f"end-{over}")]
        parts += [line(budget, y - 12, budget, y + 12, "budget")]
    parts += axes.x_ticks([(decade, f"{10.0**decade:g}") for decade in decades], "time [ms], logarithmic")
    over_budget = [t.stage for t in timings if t.p99_ms > t.budget_ms]
    described = f"Over budget at the 99th percentile: {', '.join(over_budget) or 'none'}."
    return drawing(880, int(bottom) + 48, "Timing of a control step", described, parts)


def series(title: str, points: Sequence[tuple[float, float]]) -> Markup:
    """One small line chart against the learner's update count; long ones are thinned to about 300 points."""
    stride = max(1, len(points) // 300)
    points = [*points[:-1:stride], points[-1]]
    values = [y for _, y in points]
    low, high = min(values), max(values)
    ticks = nice_ticks(low, high, 4)
    axes = Axes(58, 12, 380, 130, (points[0][0], points[-1][0]), (min(low, ticks[0]), max(high, ticks[-1])))
    parts = axes.y_grid([(tick, f"{tick:g}") for tick in ticks])
    parts.append(polyline([(axes.x(x), axes.y(y)) for x, y in points], "curve"))
    parts += axes.x_ticks([(tick, f"{tick:,.0f}") for tick in nice_ticks(*axes.x_range, 4)], "updates")
    described = f"From {values[0]:.4g} to {values[-1]:.4g}, between {low:.4g} and {high:.4g}."
    return drawing(460, 190, title, described, parts)
