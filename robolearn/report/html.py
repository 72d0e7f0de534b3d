"""The one HTML file that a run ends with: self-contained, no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from robolearn import atomic
from robolearn.report import charts, text
from robolearn.report.data import RunFolder, load_run
from robolearn.report.evaluation import Evaluation
from robolearn.report.metrics import Metrics, Update
from robolearn.report.pictures import embed_strips
from robolearn.report.summary import Summary, summarize

REPORT_NAME = "report.html"


def write_report(run_dir: Path, bars: Sequence[Mapping[str, object]]) -> Path:
    """Write ``report.html`` into ``run_dir`` and return its path.

    ``bars`` are {name, value, bar, ok}. A stage that has left no file gets a section that says so.
    Raises StoreError if ``run.json`` is missing or a file is damaged, BorderError for unfit values.
    """
    run = load_run(run_dir)
    page = render(run, summarize(run, bars))
    path = run_dir / REPORT_NAME
    atomic.write_text(path, page)
    return path


def render(run: RunFolder, summary: Summary) -> str:
    """The page as text."""
    environment = Environment(
        loader=PackageLoader("robolearn.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=text.percent,
        interval=text.interval,
        duration=text.duration,
        minutes=text.minutes,
        times=text.times,
        ms=text.milliseconds,
        count=text.count,
    )
    return environment.get_template("page.html").render(
        run=run,
        info=run.info,
        summary=summary,
        learning_curve=_learning_curve(run),
        success_bars=_success_bars(run),
        strips=embed_strips(run.final) if run.final else [],
        calibration=charts.calibration(run.reward) if run.reward and run.reward.calibration else None,
        timing_chart=charts.timing_budget(run.timing) if run.timing else None,
        learner_charts=_learner_charts(run.metrics.updates) if run.metrics else [],
        practice=_practice(run.metrics),
        judged=_judged(run.final),
        rolling_window=charts.ROLLING_WINDOW,
        rolling_start=charts.ROLLING_START,
    )


def _learning_curve(run: RunFolder) -> Markup | None:
    if run.metrics is None or not run.metrics.episodes:
        return None
    return charts.learning_curve(run.metrics.episodes, run.info.policy_hz, run.base, run.final)


def _success_bars(run: RunFolder) -> Markup | None:
    named = (("before", run.base), ("after", run.final))
    rows = [(name, name, evaluation) for name, evaluation in named if evaluation]
    return charts.success_bars(rows) if rows else None


def _learner_charts(updates: Sequence[Update]) -> list[tuple[str, Markup]]:
    if len(updates) < 2:
        return []
    lines = {
        "Critic loss": [(u.step, u.critic_loss) for u in updates],
        "Mean Q": [(u.step, u.q_mean) for u in updates],
        "Actor loss": [(u.step, u.actor_loss) for u in updates if u.actor_loss is not None],
        "Updates per second": [(u.step, u.updates_per_s) for u in updates],
    }
    return [(title, charts.series(title, points)) for title, points in lines.items() if len(points) > 1]


def _practice(metrics: Metrics | None) -> dict[str, Any] | None:
    """Totals of the practice episodes."""
    if metrics is None or not metrics.episodes:
        return None
    episodes = metrics.episodes
    return {
        "episodes": len(episodes),
        "steps": sum(e.steps for e in episodes),
        "judged_successes": sum(e.success for e in episodes),
        "endings": Counter(e.ending.value for e in episodes).most_common(),
        "intervened": sum(e.intervention_steps > 0 for e in episodes),
        "intervention_steps": sum(e.intervention_steps for e in episodes),
        "clips": sum(e.clips for e in episodes),
    }


def _judged(final: Evaluation | None) -> dict[str, int] | None:
    """Where verdicts on held-out episodes met the truth, and where not; None without verdicts."""
    episodes = final.per_episode if final else ()
    verdicts = [(e.judged_success, e.success) for e in episodes if e.judged_success is not None]
    if not verdicts:
        return None
    return {
        "judged": len(verdicts),
        "unjudged": len(episodes) - len(verdicts),
        "agreed": sum(said == true for said, true in verdicts),
        "false_success": sum(said and not true for said, true in verdicts),
        "missed_success": sum(true and not said for said, true in verdicts),
    }
