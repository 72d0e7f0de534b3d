"""What a command promises: a figure, the bar it must clear, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Sense = Literal[">=", "<="]


@dataclass(frozen=True)
class Bar:
    """The figure ``value`` of ``name`` against ``bar``; NaN clears none.

    >>> Bar("final_success", 0.97, 0.95, ">=").ok
    True
    """

    name: str
    value: float
    bar: float
    sense: Sense

    @property
    def ok(self) -> bool:
        """True if the bar is cleared."""
        return bool(self.value >= self.bar if self.sense == ">=" else self.value <= self.bar)

    def as_dict(self) -> dict[str, Any]:
        """Keys name, value, bar, sense, ok, with plain numbers."""
        bar = {"name": self.name, "value": float(self.value), "bar": float(self.bar), "sense": self.sense}
        return {**bar, "ok": self.ok}


def between(name: str, value: float, low: float, high: float) -> tuple[Bar, Bar]:
    """Two bars that hold ``value`` in the closed range [low, high]."""
    return Bar(f"{name}_min", value, low, ">="), Bar(f"{name}_max", value, high, "<=")


def outcome(figures: Mapping[str, Any], bars: Iterable[Bar]) -> dict[str, Any]:
    """The result of a command: its figures, and under "bars" what was promised of them.

    Raises ValueError if a figure would hide the bars by its name.
    """
    if "bars" in figures:
        raise ValueError("no figure may be called 'bars'")
    return {**figures, "bars": [bar.as_dict() for bar in bars]}


def holds(result: Mapping[str, Any]) -> bool:
    """True if every bar of an :func:`outcome` is cleared."""
    return all(bar["ok"] for bar in result.get("bars", ()))
