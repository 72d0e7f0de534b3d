"""The short table that ends a run on the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from robolearn.report import text
from robolearn.report.summary import Summary


def terminal_table(summary: Summary) -> Table:
    """Headline figures, then each bar with its verdict; the caller prints it to the stream it wants."""
    table = Table(title=f"{summary.task} on {summary.station}, seed {summary.seed}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("bar", justify="right")
    table.add_column("verdict", no_wrap=True)
    for name, value in _headline(summary):
        table.add_row(name, value)
    table.add_section()
    for bar in summary.bars:
        verdict = Text("holds", "green") if bar.ok else Text("missed", "bold red")
        table.add_row(Text(bar.name), Text(bar.value), Text(bar.bar), verdict)
    return table


def _headline(summary: Summary) -> list[tuple[str, str]]:
    reward = summary.reward or {}
    return [
        ("success of the base policy", text.percent(summary.base_success)),
        ("success after practice", text.percent(summary.final_success)),
        ("  Wilson 95 % interval", text.interval(summary.ci95)),
        ("robot time practised", text.minutes(summary.robot_minutes)),
        ("practice episodes", text.count(summary.episodes)),
        ("demonstrations", text.count(summary.demos)),
        ("wall time", text.duration(summary.wall_s)),
        ("speed against the demonstrations", text.times(summary.speed_vs_demo)),
        ("reward precision", text.percent(reward.get("precision"))),
        ("reward recall", text.percent(reward.get("recall"))),
        ("reward false-positive rate", text.percent(reward.get("fpr"))),
    ]
